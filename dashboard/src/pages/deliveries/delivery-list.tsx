// The log of deliveries, narrowed down by what stands in the address.
import { useMemo } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import { DELIVERY_STATUSES } from '../../api/types';
import type { Delivery, Page } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { useWebhookNames } from '../../api/webhook-names';
import { Button, ButtonLink } from '../../components/button';
import { StatusChip, words } from '../../components/chip';
import { Empty } from '../../components/empty';
import { Select } from '../../components/fields';
import { FilterBar } from '../../components/filter-bar';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import type { Column } from '../../components/table';
import { Time } from '../../components/time';
import { TypedFilter } from '../../components/typed-filter';
import { hrefOf, refine } from '../../routing/route';
import { spanOf } from '../../routing/time-range';
import { FindById } from './find-by-id';

const FILTERS = ['status', 'webhookId', 'event', 'httpStatus', 'range', 'since', 'until'] as const;
const REFRESH_MS = 10_000;

export function DeliveryList({ params }: PageProps) {
  const webhooks = useWebhookNames();
  const address = params.toString();
  const filters = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? '']));
  const cursor = params.get('cursor') ?? undefined;
  const deliveries = useResource(
    (signal) => {
      const { status, webhookId, event, httpStatus } = filters;
      const query = { status, webhookId, event, httpStatus, ...spanOf(params), cursor };
      return api.get<Page<Delivery>>('deliveries', query, signal);
    },
    [address],
    // Older pages stay as they are while one reads them.
    { everyMs: cursor === undefined ? REFRESH_MS : undefined },
  );
  const columns = useMemo(() => columnsOf(webhooks.nameOf), [webhooks.nameOf]);
  const narrowed = FILTERS.some((name) => params.has(name));
  return (
    <>
      <PageHead title="Deliveries">
        <FindById />
        <Button onClick={deliveries.reload}>Refresh</Button>
      </PageHead>
      <FilterBar label="Filter deliveries" params={params} path="deliveries" narrowed={narrowed}>
        <Select
          label="Status"
          value={filters.status ?? ''}
          onValue={(status) => refine({ status })}
          options={[['', 'Any'], ...DELIVERY_STATUSES.map((status) => [status, words(status)] as const)]}
        />
        <Select
          label="Webhook"
          value={filters.webhookId ?? ''}
          onValue={(webhookId) => refine({ webhookId })}
          options={[['', 'Any'], ...webhooks.all.map(({ id }) => [id, webhooks.nameOf(id)] as const)]}
        />
        <TypedFilter label="Event type" name="event" value={filters.event ?? ''} placeholder="order.completed" />
        <TypedFilter label="HTTP status" name="httpStatus" value={filters.httpStatus ?? ''} placeholder="500" />
      </FilterBar>
      <List
        caption="Deliveries, newest first"
        resource={deliveries}
        columns={columns}
        idOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`deliveries/${id}`)}
        timeOf={({ createdAt }) => createdAt}
        empty={narrowed ? <NothingMatches /> : <NothingSent />}
      />
    </>
  );
}

const columnsOf = (nameOf: (id: string) => string): readonly Column<Delivery>[] => [
  { title: 'Event', cell: ({ event }) => event },
  { title: 'Status', cell: ({ status }) => <StatusChip status={status} /> },
  { title: 'HTTP', numeric: true, cell: ({ lastHttpStatus }) => lastHttpStatus ?? '–' },
  { title: 'Webhook', cell: ({ webhookId }) => nameOf(webhookId) },
  { title: 'Attempts', numeric: true, minor: true, cell: ({ attemptCount }) => attemptCount },
  { title: 'Next attempt', minor: true, cell: ({ nextAttemptAt }) => <Time at={nextAttemptAt} /> },
  { title: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const NothingMatches = () => (
  <Empty title="No delivery matches">
    Widen the filters, or look at another time. An event that no webhook takes makes no delivery: find it by its id.
  </Empty>
);

const NothingSent = () => (
  <Empty title="Nothing was sent yet">
    Deliveries appear here as soon as an event is sent and a webhook subscribes to it.
    <span class="row">
      <ButtonLink href={hrefOf('webhooks')}>Go to webhooks</ButtonLink>
    </span>
  </Empty>
);
