// One source: where its sender posts to, its secrets, what it turned away, and taking it away.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api, apiUrl } from '../../api/client';
import type { Source, SourceSecret } from '../../api/received-types';
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
import { AddSecretDialog } from './add-secret-dialog';
import { Rejections } from './rejections';

const BACK = { href: hrefOf('received/sources'), title: 'Sources' };

export function SourceView({ name, me }: PageProps & { readonly name: string }) {
  const path = `sources/${encodeURIComponent(name)}`;
  const source = useResource((signal) => api.get<Source>(path, {}, signal), [path]);
  const [asking, setAsking] = useState<'secret' | 'delete'>();
  const { busy, refused, run } = useAction();
  const { value } = source;
  if (!value) {
    if (source.status === 404)
      return <Empty title="There is no such source">It may have been deleted. What came in is still in the log.</Empty>;
    return source.error ? <Notice tone="bad">{source.error}</Notice> : <div class="waiting" aria-busy />;
  }
  const writes = mayDo(me, 'sources:write');
  const retire = ({ id }: SourceSecret): void =>
    run(async () => {
      await api.delete(`${path}/secrets/${id}`);
      source.reload();
    });
  return (
    <>
      <PageHead back={BACK} title={value.name}>
        <ButtonLink href={hrefOf('received', { source: value.name })}>What it received</ButtonLink>
        {writes && <Button onClick={() => setAsking('secret')}>Rotate the secret</Button>}
        {writes && (
          <Button kind="danger" onClick={() => setAsking('delete')}>
            Delete
          </Button>
        )}
      </PageHead>
      {refused && <Notice tone="bad">{refused}</Notice>}
      <section class="panel stack">
        <h2>Address</h2>
        <p class="muted">Give it to the sender; what is signed with one of the secrets is received.</p>
        <Code label="Address" text={new URL(`..${value.path}`, apiUrl('')).href} />
      </section>
      <Facts source={value} />
      <section class="panel stack" aria-label="Secrets">
        <h2>Secrets</h2>
        <ul class="plain-list">
          {value.secrets.map((secret) => (
            <li key={secret.id} class="row">
              <span>
                <code>{secret.hint}</code>, since <Time at={secret.createdAt} />
                {secret.expiresAt && (
                  <>
                    {' '}
                    until <Time at={secret.expiresAt} />
                  </>
                )}
              </span>
              {writes && value.secrets.length > 1 && (
                <Button kind="danger" busy={busy} label={`Retire ${secret.hint} now`} onClick={() => retire(secret)}>
                  Retire now
                </Button>
              )}
            </li>
          ))}
        </ul>
      </section>
      <Rejections path={path} />
      {asking === 'secret' && (
        <AddSecretDialog path={path} onClose={() => setAsking(undefined)} onDone={source.reload} />
      )}
      {asking === 'delete' && (
        <ConfirmDialog
          title="Delete this source?"
          verb="Delete it"
          onConfirm={() => api.delete(path).then(() => go('received/sources'))}
          onClose={() => setAsking(undefined)}
        >
          The address of <strong>{value.name}</strong> answers 404 from then on. What came in stays. This cannot be
          undone.
        </ConfirmDialog>
      )}
    </>
  );
}

const Facts = ({ source }: { readonly source: Source }) => (
  <dl class="facts panel">
    <dt>Provider</dt>
    <dd>{source.provider}</dd>
    <dt>Handlers</dt>
    <dd>
      {source.processing === 'inline' ? 'run before the sender is answered' : 'run after the sender was answered'}
    </dd>
    <dt>Sent on</dt>
    <dd>{source.relay ? `to webhooks, as ${source.name}.<type>` : 'no'}</dd>
    {Object.keys(source.config).length > 0 && (
      <>
        <dt>Settings</dt>
        <dd>
          <Code label="Settings" text={JSON.stringify(source.config, null, 2)} />
        </dd>
      </>
    )}
    {source.silentAfter !== null && (
      <>
        <dt>Silent after</dt>
        <dd>{source.silentAfter}</dd>
      </>
    )}
    {source.rateLimit && (
      <>
        <dt>Rate limit</dt>
        <dd>
          {source.rateLimit.max} in {source.rateLimit.perSeconds} s
        </dd>
      </>
    )}
    {source.allowedIps && (
      <>
        <dt>Taken from</dt>
        <dd class="mono">{source.allowedIps.join(', ')}</dd>
      </>
    )}
  </dl>
);
