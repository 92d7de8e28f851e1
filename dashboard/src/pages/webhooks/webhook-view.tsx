// One webhook: how it is set, how it does, and what can be done with it.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { Webhook } from '../../api/types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button, ButtonLink } from '../../components/button';
import { Code } from '../../components/code';
import { ConfirmDialog } from '../../components/confirm-dialog';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Time } from '../../components/time';
import { go, hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { draftOf } from './draft';
import { ReplayDialog } from './replay-dialog';
import { RotateDialog } from './rotate-dialog';
import { authenticationText, headersText, paceText, payloadText, retriesText } from './said';
import { VerifySnippets } from './shown-secret';
import { StateChip } from './webhook-list';
import { WebhookStats } from './webhook-stats';

const BACK = { href: hrefOf('webhooks'), title: 'Webhooks' };

type Asking = 'rotate' | 'replay' | 'delete';

export function WebhookView({ id, me, params }: PageProps & { readonly id: string }) {
  const path = `webhooks/${encodeURIComponent(id)}`;
  const webhook = useResource((signal) => api.get<Webhook>(path, {}, signal), [path]);
  const [asking, setAsking] = useState<Asking>();
  const { busy, refused, run } = useAction();
  const { value } = webhook;
  if (!value) {
    if (webhook.status === 404)
      return (
        <Empty title="There is no such webhook">It may have been deleted. Its deliveries are still in the log.</Empty>
      );
    return webhook.error ? <Notice tone="bad">{webhook.error}</Notice> : <div class="waiting" aria-busy />;
  }
  const writes = mayDo(me, 'webhooks:write');
  const test = (): void =>
    run(async () => {
      const { id: eventId } = await api.post<{ id: string }>(`${path}/test`);
      // What became of it is on the page of its delivery, which follows it.
      const { deliveries } = await api
        .get<{ deliveries: readonly { id: string }[] }>(`events/${eventId}`)
        .catch(() => ({ deliveries: [] }));
      go(deliveries[0] ? `deliveries/${deliveries[0].id}` : `deliveries/event/${eventId}`);
    });
  const turn = (to: 'enable' | 'disable'): void =>
    run(async () => webhook.set(await api.post<Webhook>(`${path}/${to}`)));
  const close = (): void => setAsking(undefined);
  return (
    <>
      <PageHead
        back={BACK}
        title={
          <>
            {value.url} <StateChip webhook={value} />
          </>
        }
      >
        {writes && value.active && (
          <Button kind="primary" busy={busy} onClick={test}>
            Send a test event
          </Button>
        )}
        {writes && <ButtonLink href={hrefOf(`${path}/edit`)}>Edit</ButtonLink>}
        {mayDo(me, 'deliveries:write') && value.active && <Button onClick={() => setAsking('replay')}>Replay</Button>}
        {writes && (
          <Button busy={busy} onClick={() => turn(value.active ? 'disable' : 'enable')}>
            {value.active ? 'Disable' : 'Enable'}
          </Button>
        )}
        {writes && (
          <Button kind="danger" onClick={() => setAsking('delete')}>
            Delete
          </Button>
        )}
      </PageHead>
      {refused && <Notice tone="bad">{refused}</Notice>}
      {!value.active && value.disabledReason === 'failing' && (
        <Notice tone="warn">
          It only failed for too long. Mend the receiver, enable it, then replay what it missed.
        </Notice>
      )}
      {!value.active && value.disabledReason === 'gone' && (
        <Notice tone="warn">The receiver answered 410: this address is gone for good.</Notice>
      )}
      {mayDo(me, 'deliveries:read') && <WebhookStats id={value.id} path={path} params={params} />}
      <Facts webhook={value} />
      <section class="panel stack">
        <div class="row spread">
          <h2>Signing secrets</h2>
          {writes && <Button onClick={() => setAsking('rotate')}>Rotate</Button>}
        </div>
        <ul class="plain-list">
          {value.secrets.map((secret) => (
            <li key={secret.id}>
              <code>{secret.hint}</code> {secret.signatureScheme}, since <Time at={secret.createdAt} />
              {secret.expiresAt && (
                <>
                  {' '}
                  until <Time at={secret.expiresAt} />
                </>
              )}
              {secret.publicKey && <Code label="Public key" text={secret.publicKey} />}
            </li>
          ))}
        </ul>
        <VerifySnippets url={value.url} />
      </section>
      {asking === 'rotate' && <RotateDialog path={path} url={value.url} onClose={close} onDone={webhook.reload} />}
      {asking === 'replay' && <ReplayDialog path={path} onClose={close} />}
      {asking === 'delete' && (
        <ConfirmDialog
          title="Delete this webhook?"
          verb="Delete it"
          onConfirm={() => api.delete(path).then(() => go('webhooks'))}
          onClose={close}
        >
          Nothing is sent to <strong>{value.url}</strong> any more, and what waits is skipped. Its deliveries stay in
          the log. This cannot be undone; disabling can.
        </ConfirmDialog>
      )}
    </>
  );
}

function Facts({ webhook }: { readonly webhook: Webhook }) {
  const draft = draftOf(webhook);
  return (
    <dl class="facts panel">
      <dt>Events</dt>
      <dd class="mono">{webhook.events.join(', ')}</dd>
      {webhook.description && (
        <>
          <dt>Description</dt>
          <dd>{webhook.description}</dd>
        </>
      )}
      <dt>What is sent</dt>
      <dd>{payloadText(draft)}</dd>
      <dt>Authentication</dt>
      <dd>{authenticationText(draft.authentication)}</dd>
      <dt>Headers</dt>
      <dd>{headersText(draft)}</dd>
      <dt>Pace</dt>
      <dd>{paceText(draft)}</dd>
      <dt>Retries</dt>
      <dd>{retriesText(draft)}</dd>
      {webhook.filter && (
        <>
          <dt>Filter</dt>
          <dd>
            <Code label="Filter" text={JSON.stringify(webhook.filter, null, 2)} />
          </dd>
        </>
      )}
      {webhook.transformation && (
        <>
          <dt>Transformation</dt>
          <dd>
            <Code label="Transformation" text={webhook.transformation} />
          </dd>
        </>
      )}
      <dt>Created</dt>
      <dd>
        <Time at={webhook.createdAt} />
      </dd>
    </dl>
  );
}
