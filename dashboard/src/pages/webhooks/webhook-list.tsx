// All webhooks, and how each of them does.
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { Page, Webhook, WebhookHealth, WebhookListStats } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { shortUrl } from '../../api/webhook-names';
import { ButtonLink } from '../../components/button';
import { Chip } from '../../components/chip';
import { Empty } from '../../components/empty';
import { List } from '../../components/list';
import { PageHead } from '../../components/page-head';
import { rateText, Sparkline } from '../../components/sparkline';
import type { Column } from '../../components/table';
import { TimeRange } from '../../components/time-range';
import { hrefOf } from '../../routing/route';
import { spanOf } from '../../routing/time-range';
import { mayDo } from '../../session/me';

const FALLBACK = '24h';

export function WebhookList({ me, params }: PageProps) {
  const cursor = params.get('cursor') ?? undefined;
  const webhooks = useResource((signal) => api.get<Page<Webhook>>('webhooks', { cursor }, signal), [cursor]);
  const ids = webhooks.value?.data.map(({ id }) => id).join(',');
  const health = useResource(
    ids && mayDo(me, 'deliveries:read')
      ? (signal) =>
          api.get<WebhookListStats>('stats/webhooks', { webhookIds: ids, ...spanOf(params, FALLBACK) }, signal)
      : undefined,
    [ids, params.toString()],
  );
  const of = new Map(health.value?.data.map((each) => [each.webhookId, each]));
  const add = mayDo(me, 'webhooks:write') && (
    <ButtonLink href={hrefOf('webhooks/new')} kind="primary">
      Add a webhook
    </ButtonLink>
  );
  return (
    <>
      <PageHead title="Webhooks">
        <div class="in-head">
          <TimeRange params={params} fallback={FALLBACK} />
        </div>
        {add}
      </PageHead>
      <List
        caption="Webhooks, newest first"
        resource={webhooks}
        columns={columnsOf(of)}
        idOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`webhooks/${id}`)}
        timeOf={({ createdAt }) => createdAt}
        empty={
          <Empty title="No webhook yet">
            A webhook is an address to which events are sent as they happen. Add one, and send it a test event.
            <span class="row">{add}</span>
          </Empty>
        }
      />
    </>
  );
}

const columnsOf = (health: ReadonlyMap<string, WebhookHealth>): readonly Column<Webhook>[] => [
  {
    title: 'Webhook',
    cell: ({ url, description }) => (
      <>
        {shortUrl(url)}
        {description && <span class="muted block">{description}</span>}
      </>
    ),
  },
  { title: 'State', cell: (webhook) => <StateChip webhook={webhook} /> },
  { title: 'Events', minor: true, cell: ({ events }) => <span class="mono">{events.join(', ')}</span> },
  {
    title: 'Attempts',
    cell: ({ id }) => {
      const buckets = health.get(id)?.buckets;
      return buckets ? <Sparkline buckets={buckets} /> : <span class="muted">–</span>;
    },
  },
  {
    title: 'Success',
    numeric: true,
    cell: ({ id }) => {
      const rate = health.get(id)?.successRate ?? null;
      return <span class={rate !== null && rate < 0.9 ? 'bad-text' : undefined}>{rateText(rate)}</span>;
    },
  },
];

const REASONS: Readonly<Record<string, string>> = {
  manual: 'disabled',
  gone: 'disabled: gone',
  failing: 'disabled: only failed',
};

export const StateChip = ({ webhook: { active, disabledReason } }: { readonly webhook: Webhook }) =>
  active ? (
    <Chip tone="good">active</Chip>
  ) : (
    <Chip tone={disabledReason === 'manual' ? 'plain' : 'bad'}>{REASONS[disabledReason ?? ''] ?? 'disabled'}</Chip>
  );
