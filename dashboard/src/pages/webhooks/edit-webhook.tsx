// Changing a webhook, its filter and transformation tried on an event while one writes them.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Webhook } from '../../api/types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button, ButtonLink } from '../../components/button';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { go, hrefOf } from '../../routing/route';
import { draftOf, fieldsOf, jsonOf } from './draft';
import { refusedOf } from './refused';
import { Trial } from './trial';
import { useEventTypes } from './use-event-types';
import { WebhookFields } from './webhook-form';

export function EditWebhook({ id }: { readonly id: string }) {
  const path = `webhooks/${encodeURIComponent(id)}`;
  const { value, error } = useResource((signal) => api.get<Webhook>(path, {}, signal), [path]);
  if (!value) return error ? <Notice tone="bad">{error}</Notice> : <div class="waiting" aria-busy />;
  return <Form webhook={value} path={path} />;
}

function Form({ webhook, path }: { readonly webhook: Webhook; readonly path: string }) {
  const [draft, setDraft] = useState(() => draftOf(webhook));
  const action = useAction();
  const { problems, notice } = refusedOf(action);
  const types = useEventTypes();
  const save = (event: Event): void => {
    event.preventDefault();
    action.run(async () => {
      await api.patch<Webhook>(path, fieldsOf(draft));
      go(path);
    });
  };
  return (
    <>
      <PageHead title="Edit the webhook" back={{ href: hrefOf(path), title: webhook.url }} />
      <div class="two">
        <form class="panel stack" onSubmit={save} novalidate>
          <WebhookFields draft={draft} onDraft={setDraft} problems={problems} types={types} isNew={false} />
          {notice}
          <div class="row">
            <Button type="submit" kind="primary" busy={action.busy} disabled={jsonOf(draft.filter) === undefined}>
              Save
            </Button>
            <ButtonLink href={hrefOf(path)}>Cancel</ButtonLink>
          </div>
        </form>
        <Trial path={path} draft={draft} suggested={webhook.events[0] ?? ''} types={types} />
      </div>
    </>
  );
}
