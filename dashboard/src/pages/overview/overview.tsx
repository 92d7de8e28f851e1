// Is everything well? Numbers, charts, who fails most, and what happens at this moment.
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { Stats } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { shortUrl } from '../../api/webhook-names';
import { AttemptCharts, AttemptNumbers, BacklogNumbers } from '../../components/attempt-stats';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { rateText } from '../../components/sparkline';
import { Table } from '../../components/table';
import { TimeRange } from '../../components/time-range';
import { hrefOf } from '../../routing/route';
import { spanOf } from '../../routing/time-range';
import { LiveTail } from './live-tail';

const FALLBACK = '24h';
const REFRESH_MS = 10_000;

export default function Overview({ params }: PageProps) {
  const stats = useResource(
    (signal) => api.get<Stats>('stats', { ...spanOf(params, FALLBACK) }, signal),
    [params.toString()],
    { everyMs: REFRESH_MS },
  );
  const { value, error } = stats;
  return (
    <>
      <PageHead title="Overview">
        <TimeRange params={params} fallback={FALLBACK} />
      </PageHead>
      {error && <Notice tone="bad">{error}</Notice>}
      {value ? <Numbers stats={value} /> : <div class="waiting" aria-busy={stats.loading} />}
      <LiveTail />
    </>
  );
}

function Numbers({ stats }: { readonly stats: Stats }) {
  const { totals, backlog, failing } = stats;
  return (
    <>
      <dl class="numbers">
        <AttemptNumbers totals={totals} />
        <BacklogNumbers backlog={backlog} />
      </dl>
      {totals.attempts === 0 ? (
        <Empty title="Nothing was sent in this time">
          Look at a longer time, or <a href={hrefOf('webhooks')}>send a webhook a test event</a>.
        </Empty>
      ) : (
        <AttemptCharts stats={stats} />
      )}
      {failing.length > 0 && <Failing failing={failing} />}
    </>
  );
}

const Failing = ({ failing }: Pick<Stats, 'failing'>) => (
  <section class="stack">
    <h2>Webhooks that fail most</h2>
    <Table
      caption="Webhooks that fail most"
      rows={failing}
      idOf={({ webhookId }) => webhookId}
      hrefOf={({ webhookId }) => hrefOf('deliveries', { webhookId })}
      columns={[
        { title: 'Webhook', cell: ({ url }) => shortUrl(url) },
        { title: 'Failed', numeric: true, cell: ({ failures }) => failures.toLocaleString() },
        { title: 'Attempts', numeric: true, cell: ({ attempts }) => attempts.toLocaleString() },
        { title: 'Success', numeric: true, cell: ({ successRate }) => rateText(successRate) },
      ]}
    />
  </section>
);
