// Makes waiting deliveries due again, by hand-written SQL: retries whose time has come, and what a crash left behind.
// Those whose payload was erased meanwhile end here instead: there is nothing left to send.
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { entryOfEnd } from './live/live-entry.js';
import type { ChangedDelivery } from './live/live-entry.js';
import { LiveFeed } from './live/live-feed.js';
import { SendingCounts } from './sending-counts.js';
import { countInto } from './stats/attempt-counts.js';

/** After so many attempts of unknown outcome in a row a delivery is given up: it seems to take our process with it. */
const MAX_UNKNOWN_OUTCOMES = 10;

const BATCH = 500;
const MAX_NUMBER = 2_147_483_647;

/**
 * True of every row of `found`. PostgreSQL guesses that it is true of one in 200, and so updates by the primary key even if it
 * made its plan while the tables were empty. Without it, the sweeps of a new installation would read all deliveries until the
 * first ANALYZE.
 */
export const byKey = (found: string): string => `${found}.attempt_count BETWEEN 0 AND ${MAX_NUMBER}`;

/** A delivery that failed for good, as its operational event tells of it. */
export interface ExhaustedDelivery {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly event: string;
  readonly webhookId: string;
  readonly attempts: number;
}

/** A delivery whose attempt nobody reported on, as it is from then on. */
interface LostDelivery extends ExhaustedDelivery {
  readonly status: 'pending' | 'failed' | 'expired';
  readonly reason: string | null;
}

@Injectable()
export class DueDeliveries {
  private readonly statements: Record<'wake' | 'overdue' | 'expired' | 'upcoming' | 'orphans' | 'skip', Statement>;

  constructor(
    private readonly database: Database,
    private readonly counts: SendingCounts,
    private readonly live: LiveFeed,
  ) {
    const t = database.tables;
    // An event that is gone with its retention counts as erased: the claim would look for it in vain, for ever.
    const erased = `NOT EXISTS (SELECT FROM ${t.event} e WHERE e.id = d.event_id AND e.data_erased_at IS NULL) AS erased`;
    const toPending = `UPDATE ${t.delivery} d SET
                 status = CASE WHEN late.erased THEN 'expired' ELSE 'pending' END,
                 reason = CASE WHEN late.erased THEN 'payload_erased' END,
                 due_at = CASE WHEN NOT late.erased THEN now() END,
                 completed_at = CASE WHEN late.erased THEN now() END
               FROM late WHERE d.id = late.id AND ${byKey('late')} RETURNING d.webhook_id`;
    this.statements = {
      // A job's time has come. The row decides: a job that is early by the database's clock finds nothing to wake.
      wake: {
        name: 'posthorn_delivery_wake',
        text: `WITH late AS (
                 SELECT d.id, d.attempt_count, ${erased} FROM ${t.delivery} d
                 WHERE d.id = ANY ($1::uuid[]) AND d.status = 'retrying' AND d.due_at <= now() FOR UPDATE OF d)
               ${toPending}`,
      },
      // Retries that no job woke. Index delivery_retrying; SKIP LOCKED, so that replicas share the work.
      overdue: {
        name: 'posthorn_delivery_overdue',
        text: `WITH late AS (
                 SELECT d.id, d.attempt_count, ${erased} FROM ${t.delivery} d WHERE d.status = 'retrying' AND d.due_at <= now()
                 ORDER BY d.due_at LIMIT ${BATCH} FOR UPDATE OF d SKIP LOCKED)
               ${toPending}`,
      },
      // Leases that ended: their process died, or stood still too long. Whether the request went out is not known, so the
      // attempt is recorded as such, keeps its number, and uses up none of the schedule. Where a webhook is sent to at most
      // once, it is the last: the claim was on disk before anything went out, so this row tells even after a crash of
      // PostgreSQL that something may have. Index delivery_sending.
      expired: {
        name: 'posthorn_delivery_expired',
        text: `WITH lost AS (
                 SELECT d.id, d.attempt_count, ${erased}, d.unknown_count + 1 >= ${MAX_UNKNOWN_OUTCOMES} OR w.guarantee = 'at-most-once' AS given_up
                 FROM ${t.delivery} d JOIN ${t.webhook} w ON w.id = d.webhook_id
                 WHERE d.status = 'sending' AND d.due_at <= now()
                 ORDER BY d.due_at LIMIT ${BATCH} FOR UPDATE OF d SKIP LOCKED
               ), back AS (
                 UPDATE ${t.delivery} d SET
                   unknown_count = d.unknown_count + 1,
                   status = CASE WHEN lost.erased THEN 'expired' WHEN lost.given_up THEN 'failed' ELSE 'pending' END,
                   reason = CASE WHEN lost.erased THEN 'payload_erased' WHEN lost.given_up THEN 'unknown_outcome' END,
                   due_at = CASE WHEN NOT (lost.erased OR lost.given_up) THEN now() END,
                   completed_at = CASE WHEN lost.erased OR lost.given_up THEN now() END
                 FROM lost WHERE d.id = lost.id AND ${byKey('lost')}
                 RETURNING d.id, d.tenant_id, d.event_id, d.event_type, d.webhook_id, d.attempt_count, d.status, d.reason,
                           'unknown_outcome' AS outcome, 0 AS duration_ms
               ), counted AS (
                 ${countInto(t, 'back')}
               ), logged AS (
                 INSERT INTO ${t.delivery_attempt} (delivery_id, number, tenant_id, started_at, duration_ms, outcome)
                 SELECT id, attempt_count, tenant_id, now(), duration_ms, outcome FROM back)
               SELECT tenant_id AS "tenantId", id AS "deliveryId", event_id AS "eventId", event_type AS event,
                 webhook_id AS "webhookId", attempt_count AS attempts, status, reason FROM back`,
      },
      // Retries that come due in the next while and have no job yet, because they were too far off when they were planned.
      upcoming: {
        name: 'posthorn_delivery_upcoming',
        text: `SELECT id, attempt_count AS number, extract(epoch FROM due_at - now())::float8 * 1000 AS wait_ms FROM ${t.delivery}
               WHERE status = 'retrying' AND due_at > now() + $1 * interval '1 ms' AND due_at <= now() + $2 * interval '1 ms'
               ORDER BY due_at LIMIT 10000`,
      },
      // Retries of webhooks that were disabled or deleted while this process was not looking.
      orphans: {
        name: 'posthorn_delivery_orphans',
        text: `WITH RECURSIVE waiting (webhook_id) AS (
                 (SELECT d.webhook_id FROM ${t.delivery} d WHERE d.status = 'retrying' ORDER BY d.webhook_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT d.webhook_id FROM ${t.delivery} d WHERE d.status = 'retrying' AND d.webhook_id > waiting.webhook_id
                         ORDER BY d.webhook_id LIMIT 1)
                 FROM waiting WHERE waiting.webhook_id IS NOT NULL)
               SELECT w.id FROM waiting JOIN ${t.webhook} w ON w.id = waiting.webhook_id
               WHERE NOT w.active OR w.deleted_at IS NOT NULL`,
      },
      // Waiting deliveries of one webhook, in batches: a state at a time, by conditions and orders that only the indexes
      // delivery_pending and delivery_retrying_webhook serve. Asked for by both states at once, or by id, each batch would
      // read all that the webhook was ever sent.
      skip: {
        name: 'posthorn_delivery_skip',
        text: `WITH waiting AS (
                 SELECT * FROM (
                   SELECT d.id, d.attempt_count FROM ${t.delivery} d WHERE d.status = 'pending' AND d.webhook_id BETWEEN $1 AND $1
                   ORDER BY d.webhook_id DESC, d.id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) pending
                 UNION ALL
                 SELECT * FROM (
                   SELECT d.id, d.attempt_count FROM ${t.delivery} d WHERE d.status = 'retrying' AND d.webhook_id BETWEEN $1 AND $1
                   ORDER BY d.webhook_id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) retrying
                 LIMIT ${BATCH})
               UPDATE ${t.delivery} d SET status = 'skipped', due_at = NULL, completed_at = now(),
                 reason = CASE WHEN w.deleted_at IS NULL THEN 'webhook_disabled' ELSE 'webhook_deleted' END
               FROM waiting, ${t.webhook} w
               WHERE d.id = waiting.id AND ${byKey('waiting')} AND w.id = $1 AND (NOT w.active OR w.deleted_at IS NOT NULL)
               RETURNING d.tenant_id AS "tenantId", d.id AS "deliveryId", d.event_id AS "eventId", d.event_type AS event,
                 d.webhook_id AS "webhookId", d.attempt_count AS attempts, d.status, d.reason`,
      },
    };
  }

  /** Makes those of these retries due whose time has come; returns their webhooks. */
  async wake(ids: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ webhook_id: string }>(this.statements.wake, [ids]);
    return [...new Set(rows.map((row) => row.webhook_id))];
  }

  /** Makes retries due that no job woke; returns how many. */
  wakeOverdue(): Promise<number> {
    return this.repeat('overdue');
  }

  /** Takes back deliveries whose lease ended, a batch at most; tells which, and which of them were given up. */
  async takeBackExpired(): Promise<{
    readonly lost: LostDelivery[];
    readonly failed: ExhaustedDelivery[];
    readonly more: boolean;
  }> {
    const lost = await this.database.query<LostDelivery>(this.statements.expired);
    this.counts.lost(lost.map(({ status }) => status));
    return {
      lost,
      failed: lost.flatMap(({ status, reason: _, ...delivery }) => (status === 'failed' ? [delivery] : [])),
      more: lost.length === BATCH,
    };
  }

  /** Retries that come due between `fromMs` and `toMs` from now. */
  upcoming(fromMs: number, toMs: number): Promise<{ id: string; number: number; wait_ms: number }[]> {
    return this.database.query(this.statements.upcoming, [fromMs, toMs]);
  }

  /** Marks every waiting delivery of a webhook `skipped`, unless it was enabled again meanwhile. */
  async skipWaiting(webhookId: string): Promise<void> {
    let skipped: ChangedDelivery[];
    do {
      skipped = await this.database.query<ChangedDelivery>(this.statements.skip, [webhookId]);
      this.counts.ended('skipped', skipped.length);
      if (this.live.isFollowed) await this.live.append(skipped.map(entryOfEnd));
    } while (skipped.length === BATCH);
  }

  /** Webhooks that are disabled or deleted and still have retries waiting. */
  async disabledWithRetries(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(this.statements.orphans);
    return rows.map(({ id }) => id);
  }

  private async repeat(name: keyof typeof this.statements): Promise<number> {
    for (let total = 0; ;) {
      const count = await this.count(name, []);
      total += count;
      if (count < BATCH) return total;
    }
  }

  private async count(name: keyof typeof this.statements, values: readonly unknown[]): Promise<number> {
    return (await this.database.query<{ id: string }>(this.statements[name], values)).length;
  }
}
