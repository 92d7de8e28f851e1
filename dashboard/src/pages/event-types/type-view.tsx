// One event type: what its data is like, who takes it, and sending one.
import { useState } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { EventType } from '../../api/event-type';
import { useResource } from '../../api/use-resource';
import { useWebhookNames } from '../../api/webhook-names';
import { Button, ButtonLink } from '../../components/button';
import { Code } from '../../components/code';
import { ConfirmDialog } from '../../components/confirm-dialog';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { Table } from '../../components/table';
import { Time } from '../../components/time';
import { go, hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { SendDialog } from './send-dialog';
import { subscribersOf } from './subscribers';
import { Marks } from './type-list';

const BACK = { href: hrefOf('event-types'), title: 'Event types' };

export function TypeView({ name, me }: PageProps & { readonly name: string }) {
  const path = `event-types/${encodeURIComponent(name)}`;
  const type = useResource((signal) => api.get<EventType>(path, {}, signal), [path]);
  const [asking, setAsking] = useState<'send' | 'delete'>();
  const { value } = type;
  if (!value) {
    if (type.status === 404)
      return (
        <Empty title="There is no such event type">It may have been deleted. Its events are still in the log.</Empty>
      );
    return type.error ? <Notice tone="bad">{type.error}</Notice> : <div class="waiting" aria-busy />;
  }
  const writes = mayDo(me, 'event-types:write');
  return (
    <>
      <PageHead
        back={BACK}
        title={
          <>
            {value.name} <Marks type={value} />
          </>
        }
      >
        {mayDo(me, 'events:write') && (
          <Button kind="primary" onClick={() => setAsking('send')}>
            Send an example
          </Button>
        )}
        {writes && <ButtonLink href={hrefOf(`event-types/edit/${name}`)}>Edit</ButtonLink>}
        {writes && (
          <Button kind="danger" onClick={() => setAsking('delete')}>
            Delete
          </Button>
        )}
      </PageHead>
      {value.deprecated && !value.archived && (
        <Notice tone="warn">It is deprecated: it is sent as before, and will not be for ever.</Notice>
      )}
      {value.archived && (
        <Notice tone="warn">It is archived: its schema judges nothing, as if it were not there.</Notice>
      )}
      <dl class="facts panel">
        {value.description && (
          <>
            <dt>Description</dt>
            <dd>{value.description}</dd>
          </>
        )}
        {value.version && (
          <>
            <dt>Version</dt>
            <dd>{value.version}</dd>
          </>
        )}
        <dt>Created</dt>
        <dd>
          <Time at={value.createdAt} />
        </dd>
        <dt>Changed</dt>
        <dd>
          <Time at={value.updatedAt} />
        </dd>
      </dl>
      <Json title="Example" value={value.example} absent="There is none. With one, people see what they will get." />
      <Json title="Schema" value={value.schema} absent="There is none: any JSON object may be sent." />
      {mayDo(me, 'webhooks:read') && <Subscribers type={name} />}
      {asking === 'send' && <SendDialog type={value} me={me} onClose={() => setAsking(undefined)} />}
      {asking === 'delete' && (
        <ConfirmDialog
          title="Delete this event type?"
          verb="Delete it"
          onConfirm={() => api.delete(path).then(() => go('event-types'))}
          onClose={() => setAsking(undefined)}
        >
          <strong>{name}</strong> leaves the catalogue, with its schema and its example. Its events stay in the log, and
          webhooks that take it stay as they are. This cannot be undone; archiving can.
        </ConfirmDialog>
      )}
    </>
  );
}

interface JsonProps {
  readonly title: string;
  readonly value: object | null;
  readonly absent: string;
}

const Json = ({ title, value, absent }: JsonProps) => (
  <section class="panel stack">
    <h2>{title}</h2>
    {value === null ? <p class="muted">{absent}</p> : <Code label={title} text={JSON.stringify(value, null, 2)} />}
  </section>
);

function Subscribers({ type }: { readonly type: string }) {
  const webhooks = useWebhookNames();
  const taking = subscribersOf(type, webhooks.all);
  return (
    <section class="panel stack">
      <h2>Who subscribes</h2>
      {taking.length === 0 ? (
        <p class="muted">
          Nobody yet. <a href={hrefOf('webhooks/new')}>Add a webhook</a> that takes <code>{type}</code>.
        </p>
      ) : (
        <Table
          caption="Webhooks that subscribe"
          rows={taking}
          idOf={({ id }) => id}
          hrefOf={({ id }) => hrefOf(`webhooks/${id}`)}
          columns={[
            { title: 'Webhook', cell: ({ id }) => webhooks.nameOf(id) },
            { title: 'Patterns', cell: ({ events }) => <span class="mono">{events.join(', ')}</span> },
            { title: 'Filter', minor: true, cell: ({ filter }) => (filter ? 'of some of them' : 'none') },
            { title: 'State', cell: ({ active }) => (active ? 'active' : 'disabled') },
          ]}
        />
      )}
    </section>
  );
}
