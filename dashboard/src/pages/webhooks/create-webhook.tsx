// Adding a webhook; then its secret, which is shown this once.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { CreatedWebhook } from '../../api/types';
import { useAction } from '../../api/use-action';
import { Button, ButtonLink } from '../../components/button';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { hrefOf } from '../../routing/route';
import { ShownSecret } from './shown-secret';
import { useEventTypes } from './use-event-types';
import { fieldsOf, NEW, WebhookFields } from './webhook-form';

const BACK = { href: hrefOf('webhooks'), title: 'Webhooks' };

export function CreateWebhook() {
  const [draft, setDraft] = useState(NEW);
  const [created, setCreated] = useState<CreatedWebhook>();
  const { busy, refused, run } = useAction();
  const types = useEventTypes();
  const fields = fieldsOf(draft);
  const create = (event: Event): void => {
    event.preventDefault();
    if (fields) run(async () => setCreated(await api.post<CreatedWebhook>('webhooks', fields)));
  };
  if (created) {
    return (
      <>
        <PageHead title="The webhook is there" />
        <ShownSecret
          secret={created.secret ?? null}
          publicKey={created.secrets[0]?.publicKey ?? null}
          url={created.url}
        />
        <div class="row">
          <ButtonLink href={hrefOf(`webhooks/${created.id}`)} kind="primary">
            I have kept it: go on
          </ButtonLink>
        </div>
      </>
    );
  }
  return (
    <>
      <PageHead title="Add a webhook" back={BACK} />
      <form class="panel stack narrow" onSubmit={create} novalidate>
        <WebhookFields draft={draft} onDraft={setDraft} types={types} />
        {refused && <Notice tone="bad">{refused}</Notice>}
        <div class="row">
          <Button type="submit" kind="primary" busy={busy} disabled={!fields}>
            Add it
          </Button>
          <ButtonLink href={BACK.href}>Cancel</ButtonLink>
        </div>
      </form>
    </>
  );
}
