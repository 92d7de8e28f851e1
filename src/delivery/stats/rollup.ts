// Adds fresh counts of attempts to those of their minute and of their hour, and forgets old ones. Counts are moved, in one
// transaction, so that each is added once, whatever crashes; one process at a time does it, so that nobody waits for a row.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { FIRST_ID } from '../../kernel/ids.js';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import type { SqlExecutor, Statement } from '../../platform/database/index.js';

/** How old counts may become before they are in the statistics. */
const ROUND_MS = 2_000;

/** A round is followed by a rest of so many times its length: a flood of counts may not become one of roll-ups. But not for longer: a round may also be slow for what others do. */
const REST = 20;
const MAX_REST_MS = 8_000;

/** Looks that nobody asked for: a process may be gone that counted something. */
const UNASKED_MS = 60_000;

/** How often it is looked for what is to be forgotten. */
const FORGET_MS = 600_000;

/** Charts by the minute go back two days; one hour more is for clocks that differ. */
export const MINUTES_KEPT_MS = 48 * 3_600_000;
const MINUTES_STORED_MS = MINUTES_KEPT_MS + 3_600_000;

const BATCH = 50_000;
const FORGOTTEN_BATCH = 10_000;
const ROLLUP_LOCK = 76_784_678;

/** Stand for all webhooks and for all event types. */
export const ALL_WEBHOOKS = FIRST_ID;
export const ALL_TYPES = '';

@Injectable()
export class Rollup implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Stats');
  private readonly statement: Statement;
  private timer: NodeJS.Timeout | undefined;
  private timerEndsAt = Infinity;
  private round: Promise<void> | undefined;
  private restUntil = -Infinity;
  private forgotAt = -Infinity;
  private hasCounted = false;
  private stopped = true;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'statsRetentionMs'>,
  ) {
    this.statement = rollupStatement(database);
  }

  start(): void {
    this.stopped = false;
    this.plan(0);
  }

  /** For whoever has counted something. */
  noteCounted(): void {
    this.hasCounted = true;
    if (!this.round) this.plan(ROUND_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private plan(afterMs: number): void {
    if (this.stopped) return;
    const endsAt = Math.max(monotonicNow() + afterMs, this.restUntil);
    if (endsAt >= this.timerEndsAt) return;
    clearTimeout(this.timer);
    this.timerEndsAt = endsAt;
    this.timer = setTimeout(() => {
      this.timerEndsAt = Infinity;
      this.round = this.work();
    }, endsAt - monotonicNow());
  }

  /** Never rejects: the next round tries again. */
  private async work(): Promise<void> {
    const startedAt = monotonicNow();
    this.hasCounted = false;
    try {
      // Another process that is at it may not have seen ours.
      if ((await this.rollUp()) === 'busy') this.hasCounted = true;
      if (startedAt - this.forgotAt >= FORGET_MS) {
        await this.forget();
        this.forgotAt = startedAt;
      }
    } catch (error) {
      this.hasCounted = true;
      this.logger.warn(`Attempts are not in the statistics yet, will try again: ${(error as Error).message}`);
    }
    const endedAt = monotonicNow();
    this.restUntil = endedAt + Math.min(MAX_REST_MS, REST * (endedAt - startedAt));
    // In one turn with the look at what was counted: what is counted from here on plans for itself.
    this.round = undefined;
    this.plan(this.hasCounted ? ROUND_MS : UNASKED_MS);
  }

  /** How many counts were moved; `busy` where another process is at it. */
  private async rollUp(): Promise<number | 'busy'> {
    for (let total = 0; ;) {
      const moved = await this.alone(async (executor) => {
        const [row] = await executor.query<{ moved: number }>(this.statement);
        return row?.moved ?? 0;
      });
      if (moved === 'busy') return moved;
      total += moved;
      if (moved < BATCH || this.stopped) return total;
    }
  }

  private async forget(): Promise<void> {
    const { attempt_minute, attempt_hour } = this.database.tables;
    await this.deleteOlder(attempt_minute, MINUTES_STORED_MS);
    await this.deleteOlder(attempt_hour, this.settings.statsRetentionMs);
  }

  /** Index: that of the table on `at`. Locks the rows it deletes, which nobody adds to any more. */
  private async deleteOlder(table: string, ageMs: number): Promise<void> {
    const text = `
      WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${table} WHERE at < now() - $1 * interval '1 ms' LIMIT ${FORGOTTEN_BATCH})) RETURNING 1)
      SELECT count(*)::int AS deleted FROM gone`;
    for (let full = true; full && !this.stopped;) {
      const deleted = await this.alone(async (executor) => {
        const [row] = await executor.query<{ deleted: number }>({ text }, [ageMs]);
        return row?.deleted ?? 0;
      });
      full = deleted === FORGOTTEN_BATCH;
    }
  }

  private alone<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result | 'busy'> {
    return this.database.transaction(async (executor) => {
      // What a crash of PostgreSQL would undo is there to be done again.
      const [lock] = await executor.query<{ taken: boolean }>({
        text: `SELECT set_config('synchronous_commit', 'off', true), pg_try_advisory_xact_lock(${ROLLUP_LOCK}) AS taken`,
      });
      return lock?.taken ? work(executor) : 'busy';
    });
  }
}

function rollupStatement({ tables: t }: Database): Statement {
  // The conflicting rows are locked in the order of their key. Counts of a tenant that is being erased are not moved to where
  // its erasure may have been already. CUBE makes the rows that stand for all webhooks, all types, and both.
  const add = (table: string, at: string): string => `
    INSERT INTO ${table} AS old (tenant_id, webhook_id, event_type, at, outcome, latency, attempts)
    SELECT tenant_id, coalesce(webhook_id, '${ALL_WEBHOOKS}'), coalesce(event_type, '${ALL_TYPES}'), ${at}, outcome, latency,
           sum(attempts)
    FROM counts GROUP BY tenant_id, ${at}, outcome, latency, CUBE (webhook_id, event_type) ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (tenant_id, webhook_id, event_type, at, outcome, latency)
    DO UPDATE SET attempts = old.attempts + excluded.attempts`;
  return {
    name: 'posthorn_attempt_rollup',
    text: `
      WITH taken AS (
        DELETE FROM ${t.attempt_count} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${t.attempt_count} LIMIT ${BATCH})) RETURNING *
      ), counts AS MATERIALIZED (
        SELECT c.* FROM taken c JOIN ${t.tenant} tenant ON tenant.id = c.tenant_id AND tenant.deleted_at IS NULL
      ), minutes AS (
        ${add(t.attempt_minute, 'at')}
      ), hours AS (
        ${add(t.attempt_hour, `date_trunc('hour', at, 'UTC')`)}
      )
      SELECT count(*)::int AS moved FROM taken`,
  };
}
