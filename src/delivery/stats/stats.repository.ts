// The statistics, read: from the counts by minute or by hour, never from the log. Every question is limited to one tenant.
import { Injectable } from '@nestjs/common';
import { Database, TenantDatabase } from '../../platform/database/index.js';
import type { AttemptOutcome } from '../delivery-status.js';
import { partsOf } from './chart.js';
import type { Axis } from './chart.js';
import { ALL_TYPES, ALL_WEBHOOKS } from './rollup.js';

/** Whose attempts. */
export interface Counted {
  readonly webhookId?: string;
  readonly event?: string;
}

/** Attempts of one bucket that came to the same and took about as long. */
export interface CountRow {
  /** Where the bucket begins, in milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: AttemptOutcome;
  readonly latency: number;
  readonly attempts: number;
}

/** What one webhook came to. */
interface WebhookTotal {
  readonly webhookId: string;
  readonly url: string;
  readonly attempts: number;
  readonly failures: number;
}

/** One bucket of one webhook. */
interface WebhookBucket {
  readonly webhookId: string;
  readonly at: number;
  readonly attempts: number;
  readonly failures: number;
}

@Injectable()
export class StatsRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {}

  /** Counts in the buckets of an axis. No locks. Index: the primary key, in the order of time; the names of all and none are keys too. */
  findCounts(tenantId: string, { webhookId, event }: Counted, axis: Axis): Promise<CountRow[]> {
    return this.tenants.of(tenantId).query<CountRow>(
      {
        name: `posthorn_stats_${axis.isOfMinutes ? 'minutes' : 'hours'}`,
        text: `
          SELECT ${bucketOf('at', '$6')} AS at, outcome, latency, sum(attempts)::float8 AS attempts
          FROM ${this.tableOf(axis)}
          WHERE tenant_id = $1 AND webhook_id = $2 AND event_type = $3 AND at >= $4 AND at < $5
          GROUP BY 1, 2, 3`,
      },
      [tenantId, webhookId ?? ALL_WEBHOOKS, event ?? ALL_TYPES, ...timesOf(axis)],
    );
  }

  /**
   * The webhooks with the worst share of successes, deleted ones too. Three walks of a primary key for each webhook of the tenant:
   * whole hours by the hour, as the minutes of a day of a thousand webhooks are millions of rows. No locks.
   */
  findFailing(tenantId: string, { event, webhookId }: Counted, axis: Axis, limit: number): Promise<WebhookTotal[]> {
    const t = this.database.tables;
    const { hours, minutes } = partsOf(axis);
    const times = [hours, ...minutes].flatMap(({ fromMs, toMs }) => [isoOf(fromMs), isoOf(toMs)]);
    const counts = [t.attempt_hour, t.attempt_minute, t.attempt_minute].map(
      (table, part) => `
        SELECT outcome, attempts FROM ${table}
        WHERE tenant_id = $1 AND webhook_id = w.id AND event_type = $2 AND at >= $${5 + 2 * part} AND at < $${6 + 2 * part}`,
    );
    return this.tenants.of(tenantId).query<WebhookTotal>(
      {
        text: `
          SELECT w.id AS "webhookId", w.url, c.attempts, c.failures
          FROM ${t.webhook} w CROSS JOIN LATERAL (
            SELECT coalesce(sum(attempts), 0)::float8 AS attempts,
                   coalesce(sum(attempts) FILTER (WHERE outcome <> 'success'), 0)::float8 AS failures
            FROM (${counts.join(' UNION ALL ')}) parts) c
          WHERE w.tenant_id = $1 AND ($4::uuid IS NULL OR w.id = $4) AND c.failures > 0
          ORDER BY c.failures / c.attempts DESC, c.failures DESC, w.id LIMIT $3`,
      },
      [tenantId, event ?? ALL_TYPES, limit, webhookId ?? null, ...times],
    );
  }

  /** Which of these webhooks are the tenant's, deleted ones too. No locks; index: the primary key. */
  async findOwn(tenantId: string, webhookIds: readonly string[]): Promise<string[]> {
    const rows = await this.tenants.of(tenantId).query<{
      id: string;
    }>({ text: `SELECT id FROM ${this.database.tables.webhook} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])` }, [tenantId, webhookIds]);
    return rows.map(({ id }) => id);
  }

  /** Counts of several webhooks in the buckets of an axis. No locks; index: the primary key, one walk for each webhook. */
  findWebhookBuckets(tenantId: string, webhookIds: readonly string[], axis: Axis): Promise<WebhookBucket[]> {
    return this.tenants.of(tenantId).query<WebhookBucket>(
      {
        text: `
          SELECT c.webhook_id AS "webhookId", ${bucketOf('c.at', '$6')} AS at, sum(c.attempts)::float8 AS attempts,
                 coalesce(sum(c.attempts) FILTER (WHERE c.outcome <> 'success'), 0)::float8 AS failures
          FROM unnest($2::uuid[]) AS asked (id) CROSS JOIN LATERAL (
            SELECT * FROM ${this.tableOf(axis)} x
            WHERE x.tenant_id = $1 AND x.webhook_id = asked.id AND x.event_type = $3 AND x.at >= $4 AND x.at < $5) c
          GROUP BY 1, 2`,
      },
      [tenantId, webhookIds, ALL_TYPES, ...timesOf(axis)],
    );
  }

  private tableOf({ isOfMinutes }: Axis): string {
    return this.database.tables[isOfMinutes ? 'attempt_minute' : 'attempt_hour'];
  }
}

const bucketOf = (at: string, widthMs: string): string =>
  `floor(extract(epoch FROM ${at})::float8 * 1000 / ${widthMs}::float8) * ${widthMs}::float8`;

const isoOf = (ms: number): string => new Date(ms).toISOString();

const timesOf = ({ sinceMs, untilMs, widthMs }: Axis): [string, string, number] => [
  isoOf(sinceMs),
  isoOf(untilMs),
  widthMs,
];
