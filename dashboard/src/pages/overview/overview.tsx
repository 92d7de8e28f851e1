// Is everything well? Numbers, charts, who fails most, and what happens at this moment.
import { useMemo } from 'preact/hooks';
import type { PageProps } from '..';
import { api } from '../../api/client';
import type { Stats } from '../../api/types';
import { useResource } from '../../api/use-resource';
import { shortUrl } from '../../api/webhook-names';
import { Chart } from '../../components/chart';
import { Empty } from '../../components/empty';
import { Notice } from '../../components/notice';
import { PageHead } from '../../components/page-head';
import { rateText } from '../../components/sparkline';
import { Table } from '../../components/table';
import { durationText } from '../../components/time';
import { TimeRange } from '../../components/time-range';
import { hrefOf } from '../../routing/route';
import { spanOf } from '../../routing/time-range';
import { LiveTail } from './live-tail';
import './overview.css';

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
  const { totals, backlog, buckets, failing } = stats;
  const waiting = backlog.pending + backlog.retrying;
  const capped = Math.max(backlog.pending, backlog.retrying) >= backlog.countedUpTo;
  return (
    <>
      <dl class="numbers">
        <Number title="Success rate" value={rateText(totals.successRate)} alarming={(totals.successRate ?? 1) < 0.9} />
        <Number title="Attempts" value={totals.attempts.toLocaleString()} />
        <Number title="Half take at most" value={msText(totals.latencyMs.p50)} />
        <Number title="95 % take at most" value={msText(totals.latencyMs.p95)} />
        <Number title="Waiting" value={`${waiting.toLocaleString()}${capped ? ' or more' : ''}`} />
        <Number
          title="Oldest due"
          value={backlog.oldestDueSeconds === null ? 'none' : durationText(backlog.oldestDueSeconds * 1_000)}
          alarming={(backlog.oldestDueSeconds ?? 0) > 60}
        />
      </dl>
      {totals.attempts === 0 ? (
        <Empty title="Nothing was sent in this time">
          Look at a longer time, or <a href={hrefOf('webhooks')}>send a webhook a test event</a>.
        </Empty>
      ) : (
        <div class="charts">
          <Throughput buckets={buckets} bucketSeconds={stats.bucketSeconds} />
          <Latency buckets={buckets} bucketSeconds={stats.bucketSeconds} />
        </div>
      )}
      {failing.length > 0 && <Failing failing={failing} />}
    </>
  );
}

const msText = (ms: number | null): string => (ms === null ? '–' : durationText(ms));

interface NumberProps {
  readonly title: string;
  readonly value: string;
  readonly alarming?: boolean;
}

const Number = ({ title, value, alarming }: NumberProps) => (
  <div class="panel">
    <dt>{title}</dt>
    <dd class={alarming ? 'alarming' : undefined}>{value}</dd>
  </div>
);

type Buckets = Pick<Stats, 'buckets' | 'bucketSeconds'>;

function Throughput({ buckets, bucketSeconds }: Buckets) {
  const { at, series, label } = useMemo(() => {
    const sum = (of: 'attempts' | 'failures'): string =>
      buckets.reduce((total, bucket) => total + bucket[of], 0).toLocaleString();
    return {
      at: buckets.map((bucket) => bucket.at),
      // Failed ones stand before all of them, so that both can be read off the same axis.
      series: [
        { title: 'Attempts', color: '--accent', values: buckets.map(({ attempts }) => attempts) },
        { title: 'Failed', color: '--bad', values: buckets.map(({ failures }) => failures) },
      ],
      label: `Attempts over time: ${sum('attempts')} in all, of which ${sum('failures')} failed`,
    };
  }, [buckets]);
  return (
    <section class="panel">
      <h2>Attempts</h2>
      <Chart label={label} at={at} bucketSeconds={bucketSeconds} series={series} kind="bars" />
    </section>
  );
}

function Latency({ buckets, bucketSeconds }: Buckets) {
  const { at, series, label } = useMemo(() => {
    const most = Math.max(0, ...buckets.map(({ p95Ms }) => p95Ms ?? 0));
    return {
      at: buckets.map((bucket) => bucket.at),
      series: [
        { title: 'Half', color: '--accent', values: buckets.map(({ p50Ms }) => p50Ms) },
        { title: '95 %', color: '--warn', values: buckets.map(({ p95Ms }) => p95Ms) },
      ],
      label: `How long attempts take over time: 95 % never took longer than ${durationText(most)}`,
    };
  }, [buckets]);
  return (
    <section class="panel">
      <h2>How long they take at most</h2>
      <Chart label={label} at={at} bucketSeconds={bucketSeconds} series={series} kind="lines" unit=" ms" />
    </section>
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
