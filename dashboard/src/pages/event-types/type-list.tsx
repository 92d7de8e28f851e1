// All event types, and who takes them.
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { EventType } from '../../api/event-type';
import type { Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { useWebhookNames } from '../../api/webhook-names';
import { ButtonLink } from '../../components/button';
import { Chip } from '../../components/chip';
import { Empty } from '../../components/empty';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { hrefOf } from '../../routing/route';
import { mayDo } from '../../session/me';
import { subscribersOf } from './subscribers';

export function TypeList({ me, params }: PageProps) {
  const cursor = params.get('cursor') ?? undefined;
  const types = useResource((signal) => api.get<Page<EventType>>('event-types', { cursor }, signal), [cursor]);
  const webhooks = useWebhookNames();
  const columns = mayDo(me, 'webhooks:read')
    ? [...COLUMNS.slice(0, 2), takenBy(({ name }) => subscribersOf(name, webhooks.all).length), ...COLUMNS.slice(2)]
    : COLUMNS;
  const add = mayDo(me, 'event-types:write') && (
    <>
      <ButtonLink href={hrefOf('event-types/import')}>Import</ButtonLink>
      <ButtonLink href={hrefOf('event-types/add')} kind="primary">
        Add an event type
      </ButtonLink>
    </>
  );
  return (
    <>
      <PageHead title="Event types">{add}</PageHead>
      <List
        caption="Event types, newest first"
        resource={types}
        columns={columns}
        idOf={({ name }) => name}
        hrefOf={({ name }) => hrefOf(`event-types/type/${name}`)}
        timeOf={({ createdAt }) => createdAt}
        empty={
          <Empty title="The catalogue is empty">
            It tells your users which events there are, with a schema and an example of each. Add the first type, or
            import an OpenAPI document.<span class="row">{add}</span>
          </Empty>
        }
      />
    </>
  );
}

const COLUMNS: readonly Column<EventType>[] = [
  {
    title: 'Type',
    cell: ({ name, description }) => (
      <>
        {name}
        {description && <span class="muted block">{description}</span>}
      </>
    ),
  },
  { title: 'State', cell: (type) => <Marks type={type} /> },
  { title: 'Version', minor: true, cell: ({ version }) => version ?? <span class="muted">–</span> },
  { title: 'Changed', minor: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

const takenBy = (count: (type: EventType) => number): Column<EventType> => ({
  title: 'Webhooks',
  numeric: true,
  cell: count,
});

/** What is to be known before using a type. */
export const Marks = ({ type: { archived, deprecated } }: { readonly type: EventType }) => {
  if (archived) return <Chip>archived</Chip>;
  return deprecated ? <Chip tone="warn">deprecated</Chip> : <Chip tone="good">in use</Chip>;
};
