// Adding a webhook; then its secret, which is shown this once.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { CreatedWebhook } from '../../api/types';
import { useAction } from '../../api/use-action';
import { Button, ButtonLink } from '../../components/button';
import { PageHead } from '../../components/page-head';
import { hrefOf } from '../../routing/route';
import { ShownSecret } from './shown-secret';
import { useEventTypes } from './use-event-types';
import { jsonOf, NEW, newFieldsOf } from './draft';
import { refusedOf } from './refused';
import { WebhookFields } from './webhook-form';

const BACK = { href: hrefOf('webhooks'), title: 'Webhooks' };

export function CreateWebhook() {
  const [draft, setDraft] = useState(NEW);
  const [created, setCreated] = useState<CreatedWebhook>();
  const action = useAction();
  const { problems, notice } = refusedOf(action);
  const types = useEventTypes();
  const create = (event: Event): void => {
    event.preventDefault();
    action.run(async () => setCreated(await api.post<CreatedWebhook>('webhooks', newFieldsOf(draft))));
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
        <WebhookFields draft={draft} onDraft={setDraft} problems={problems} types={types} isNew />
        {notice}
        <div class="row">
          <Button type="submit" kind="primary" busy={action.busy} disabled={jsonOf(draft.filter) === undefined}>
            Add it
          </Button>
          <ButtonLink href={BACK.href}>Cancel</ButtonLink>
        </div>
      </form>
    </>
  );
}
