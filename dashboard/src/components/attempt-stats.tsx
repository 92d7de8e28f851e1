// What attempts came to: numbers, and charts over time.
import { useMemo } from 'preact/hooks';
import type { AttemptStats, Backlog } from '../api/types';
import './attempt-stats.css';
import { Chart } from './chart';
import { rateText } from './sparkline';
import { durationText } from './time';

/** Of all attempts of a period, each a figure of a `<dl class="numbers">`. */
export const AttemptNumbers = ({ totals }: Pick<AttemptStats, 'totals'>) => (
  <>
    <Figure title="Success rate" value={rateText(totals.successRate)} alarming={(totals.successRate ?? 1) < 0.9} />
    <Figure title="Attempts" value={totals.attempts.toLocaleString()} />
    <Figure title="p50" value={msText(totals.latencyMs.p50)} />
    <Figure title="p95" value={msText(totals.latencyMs.p95)} />
    <Figure title="p99" value={msText(totals.latencyMs.p99)} />
  </>
);

/** Of what waits: how much, and how late it is. */
export const BacklogNumbers = ({ backlog }: { readonly backlog: Backlog }) => {
  const { pending, retrying, oldestDueSeconds, countedUpTo } = backlog;
  const isCapped = Math.max(pending, retrying) >= countedUpTo;
  return (
    <>
      <Figure title="Waiting" value={`${(pending + retrying).toLocaleString()}${isCapped ? ' or more' : ''}`} />
      <Figure
        title="Oldest due"
        value={oldestDueSeconds === null ? 'none' : durationText(oldestDueSeconds * 1_000)}
        alarming={(oldestDueSeconds ?? 0) > 60}
      />
    </>
  );
};

export const AttemptCharts = ({ stats: { buckets, bucketSeconds } }: { readonly stats: AttemptStats }) => (
  <div class="charts">
    <Throughput buckets={buckets} bucketSeconds={bucketSeconds} />
    <Latency buckets={buckets} bucketSeconds={bucketSeconds} />
  </div>
);

const msText = (ms: number | null): string => (ms === null ? '–' : durationText(ms));

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly alarming?: boolean;
}

/** A number with its name. */
const Figure = ({ title, value, alarming }: FigureProps) => (
  <div class="panel">
    <dt>{title}</dt>
    <dd class={alarming ? 'alarming' : undefined}>{value}</dd>
  </div>
);

type Buckets = Pick<AttemptStats, 'buckets' | 'bucketSeconds'>;

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
        { title: 'p50', color: '--accent', values: buckets.map(({ p50Ms }) => p50Ms) },
        { title: 'p95', color: '--warn', values: buckets.map(({ p95Ms }) => p95Ms) },
      ],
      label: `How long attempts take over time: 95 % never took longer than ${durationText(most)}`,
    };
  }, [buckets]);
  return (
    <section class="panel">
      <h2>Latency</h2>
      <Chart label={label} at={at} bucketSeconds={bucketSeconds} series={series} kind="lines" unit=" ms" />
    </section>
  );
}
