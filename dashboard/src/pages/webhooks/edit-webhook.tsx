// Changing a webhook, its filter tried on an event while one writes it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Webhook } from '../../api/types';
import { useAction } from '../../api/use-action';
import { useResource } from '../../api/use-resource';
import { Button, ButtonLink } from '../../components/button';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { go, hrefOf } from '../../routing/route';
import { FilterTest } from './filter-test';
import { useEventTypes } from './use-event-types';
import { draftOf, fieldsOf, jsonOf, WebhookFields } from './webhook-form';

export function EditWebhook({ id }: { readonly id: string }) {
  const path = `webhooks/${encodeURIComponent(id)}`;
  const { value, error } = useResource((signal) => api.get<Webhook>(path, {}, signal), [path]);
  if (!value) return error ? <Notice tone="bad">{error}</Notice> : <div class="waiting" aria-busy />;
  return <Form webhook={value} path={path} />;
}

function Form({ webhook, path }: { readonly webhook: Webhook; readonly path: string }) {
  const [draft, setDraft] = useState(() => draftOf(webhook));
  const { busy, refused, run } = useAction();
  const types = useEventTypes();
  const fields = fieldsOf(draft);
  const save = (event: Event): void => {
    event.preventDefault();
    if (!fields) return;
    run(async () => {
      await api.patch<Webhook>(path, fields);
      go(path);
    });
  };
  return (
    <>
      <PageHead title="Edit the webhook" back={{ href: hrefOf(path), title: webhook.url }} />
      <div class="two">
        <form class="panel stack" onSubmit={save} novalidate>
          <WebhookFields draft={draft} onDraft={setDraft} types={types} />
          {refused && <Notice tone="bad">{refused}</Notice>}
          <div class="row">
            <Button type="submit" kind="primary" busy={busy} disabled={!fields}>
              Save
            </Button>
            <ButtonLink href={hrefOf(path)}>Cancel</ButtonLink>
          </div>
        </form>
        <FilterTest path={path} filter={jsonOf(draft.filter)} suggested={webhook.events[0] ?? ''} types={types} />
      </div>
    </>
  );
}
