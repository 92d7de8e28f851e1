// What became of the attempts of a tenant: totals, charts, and what waits.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { momentOf } from '../../platform/http/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { WebhooksService } from '../../registry/index.js';
import { BacklogRepository, MAX_COUNTED } from './backlog.repository.js';
import { axisOf, beginningsOf } from './chart.js';
import type { Axis, AxisLimits } from './chart.js';
import type { PeriodQuery, StatsQuery, WebhookListStatsQuery, WebhookStatsQuery } from './dto/stats-query.js';
import type {
  AttemptStatsView,
  BacklogView,
  StatsBucketView,
  StatsView,
  TotalsView,
  WebhookListStatsView,
  WebhookStatsView,
} from './dto/stats-view.js';
import { percentile } from './latency.js';
import { StatsRepository } from './stats.repository.js';
import type { Counted, CountRow } from './stats.repository.js';

const DEFAULT_PERIOD_MS = 24 * 3_600_000;

/** Webhooks that are named as failing. */
const MAX_FAILING = 10;

/** Small charts, of many webhooks at once: those of a day by the hour. */
const SMALL: AxisLimits = { auto: 30, most: 120 };

@Injectable()
export class StatsService {
  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly stats: StatsRepository,
    private readonly backlog: BacklogRepository,
    private readonly webhooks: WebhooksService,
  ) {}

  /** Everything of a tenant, or what `query` limits it to. @throws InvalidError for a period that cannot be shown. */
  async get(tenantId: string, { event, webhookId, ...period }: StatsQuery): Promise<StatsView> {
    const axis = this.axisOf(period);
    const counted = { event, webhookId };
    const [attempts, failing, backlog] = await Promise.all([
      this.attemptsOf(tenantId, counted, axis),
      this.stats.findFailing(tenantId, counted, axis, MAX_FAILING),
      this.backlogOf(tenantId, webhookId),
    ]);
    return {
      ...attempts,
      failing: failing.map((total) => ({ ...total, successRate: successRateOf(total) })),
      backlog,
    };
  }

  /** The same of one webhook. @throws WebhookNotFoundError, InvalidError */
  async getOfWebhook(
    tenantId: string,
    webhookId: string,
    { event, ...period }: WebhookStatsQuery,
  ): Promise<WebhookStatsView> {
    await this.webhooks.get(tenantId, webhookId);
    const [attempts, backlog] = await Promise.all([
      this.attemptsOf(tenantId, { event, webhookId }, this.axisOf(period)),
      this.backlogOf(tenantId, webhookId),
    ]);
    return { ...attempts, backlog };
  }

  /** Charts of several webhooks; those that are not the tenant's are left out. @throws InvalidError */
  async list(tenantId: string, { webhookIds, ...period }: WebhookListStatsQuery): Promise<WebhookListStatsView> {
    const axis = this.axisOf(period, SMALL);
    const own = new Set(await this.stats.findOwn(tenantId, webhookIds));
    const rows = await this.stats.findWebhookBuckets(tenantId, [...own], axis);
    const counts = new Map(rows.map((row) => [`${row.webhookId} ${row.at}`, row]));
    const beginnings = beginningsOf(axis);
    const data = [...new Set(webhookIds)]
      .filter((id) => own.has(id))
      .map((webhookId) => {
        const buckets = beginnings.map((at) => {
          const { attempts = 0, failures = 0 } = counts.get(`${webhookId} ${at}`) ?? {};
          return { at: new Date(at), attempts, failures };
        });
        const total = {
          attempts: buckets.reduce((sum, { attempts }) => sum + attempts, 0),
          failures: buckets.reduce((sum, { failures }) => sum + failures, 0),
        };
        return { webhookId, ...total, successRate: successRateOf(total), buckets };
      });
    return { bucketSeconds: axis.widthMs / 1_000, data };
  }

  private axisOf({ since, until, bucket }: PeriodQuery, limits?: AxisLimits): Axis {
    const nowMs = this.clock();
    const untilMs = momentOf(until)?.getTime() ?? nowMs;
    const sinceMs = momentOf(since)?.getTime() ?? untilMs - DEFAULT_PERIOD_MS;
    return axisOf(sinceMs, untilMs, bucket, nowMs, limits);
  }

  private async backlogOf(tenantId: string, webhookId?: string): Promise<BacklogView> {
    const { oldestDueSeconds, ...counts } = await this.backlog.count(tenantId, webhookId);
    return {
      ...counts,
      oldestDueSeconds: oldestDueSeconds === null ? null : Math.max(0, Math.round(oldestDueSeconds)),
      countedUpTo: MAX_COUNTED,
    };
  }

  private async attemptsOf(tenantId: string, counted: Counted, axis: Axis): Promise<AttemptStatsView> {
    const rows = await this.stats.findCounts(tenantId, counted, axis);
    const byBucket = groupedByBucket(rows);
    return {
      since: new Date(axis.sinceMs),
      until: new Date(axis.untilMs),
      bucketSeconds: axis.widthMs / 1_000,
      totals: totalsOf(rows),
      buckets: beginningsOf(axis).map((at) => bucketOf(at, byBucket.get(at) ?? [])),
    };
  }
}

function groupedByBucket(rows: readonly CountRow[]): Map<number, CountRow[]> {
  const groups = new Map<number, CountRow[]>();
  for (const row of rows) {
    const group = groups.get(row.at);
    if (group) group.push(row);
    else groups.set(row.at, [row]);
  }
  return groups;
}

const sumOf = (rows: readonly CountRow[]): number => rows.reduce((sum, { attempts }) => sum + attempts, 0);

const successesOf = (rows: readonly CountRow[]): number => sumOf(rows.filter(({ outcome }) => outcome === 'success'));

const successRateOf = ({ attempts, failures }: { attempts: number; failures: number }): number | null =>
  attempts === 0 ? null : (attempts - failures) / attempts;

/** How long an attempt took that nobody saw the end of is not known. */
function latenciesOf(rows: readonly CountRow[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { outcome, latency, attempts } of rows)
    if (outcome !== 'unknown_outcome') counts.set(latency, (counts.get(latency) ?? 0) + attempts);
  return counts;
}

function totalsOf(rows: readonly CountRow[]): TotalsView {
  const attempts = sumOf(rows);
  const successes = successesOf(rows);
  const failures = attempts - successes;
  const outcomes: Record<string, number> = {};
  for (const row of rows) outcomes[row.outcome] = (outcomes[row.outcome] ?? 0) + row.attempts;
  const latencies = latenciesOf(rows);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share)) as [
    number | null,
    number | null,
    number | null,
  ];
  const successRate = successRateOf({ attempts, failures });
  return { attempts, successes, failures, outcomes, successRate, latencyMs: { p50, p95, p99 } };
}

function bucketOf(at: number, rows: readonly CountRow[]): StatsBucketView {
  const attempts = sumOf(rows);
  const successes = successesOf(rows);
  const latencies = latenciesOf(rows);
  return {
    at: new Date(at),
    attempts,
    successes,
    failures: attempts - successes,
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
  };
}
