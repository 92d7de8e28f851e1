// The ledger of what was received: the one unique key that decides which of many copies is the first. It is small and
// not partitioned; anything faster in front of it would be a shortcut, not the guarantee.
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { LEASE_MS } from './policy.js';

/** A received event that may be new. */
export interface NewReceivedEvent {
  readonly id: string;
  readonly tenantId: string;
  readonly sourceId: string;
  readonly source: string;
  readonly provider: string;
  readonly externalId: string;
  readonly type: string;
  readonly status: 'processing' | 'unhandled' | 'rejected';
  readonly headers: string;
  readonly body: Buffer;
  readonly bodyHash: Buffer;
  readonly occurredAt: Date | undefined;
  /** Names of the handlers, in the order in which they run. */
  readonly handlers: readonly string[];
  /** `running`: the caller runs them at once, under a lease. `pending`: the queue does. */
  readonly runStatus: 'running' | 'pending';
}

/** What the ledger knows of an event that came before. */
export interface LedgerEntry {
  readonly id: string;
  readonly sameBody: boolean;
  /** `null` when the event itself is past its retention. */
  readonly status: 'processing' | 'processed' | 'failed' | 'unhandled' | 'rejected' | null;
}

@Injectable()
export class LedgerRepository {
  constructor(private readonly database: Database) {}

  /**
   * Stores an event, its handler runs and its ledger entry, unless the ledger has the event: then nothing is written and
   * the answer is `undefined`. Else the moment it was received, by PostgreSQL's clock.
   *
   * One statement, so all or nothing. Locks: the entry's row, and a concurrent copy waits on its unique key until this
   * commits (ON CONFLICT, which the query builder cannot combine with the two inserts that depend on it). An entry past
   * the window that it came with is renewed in place by exactly one of the copies that find it.
   */
  async store(
    event: NewReceivedEvent,
    windowMs: number,
    executor: SqlExecutor = this.database,
  ): Promise<{ receivedAt: Date } | undefined> {
    const { received_key, received_event, handler_run } = this.database.tables;
    const [row] = await executor.query<{ receivedAt: Date }>(
      {
        name: 'posthorn_received_store',
        text: `
          WITH entry AS (
            INSERT INTO ${received_key} AS k (tenant_id, source_id, external_id, received_event_id, body_hash, expires_at)
            VALUES ($2, $3, $6, $1, $7, now() + $15::float8 * interval '1 millisecond')
            ON CONFLICT (tenant_id, source_id, external_id) DO UPDATE
              SET received_event_id = excluded.received_event_id, body_hash = excluded.body_hash, seen_at = excluded.seen_at,
                expires_at = excluded.expires_at
              WHERE k.expires_at <= now()
            RETURNING k.received_event_id AS id
          ), stored AS (
            INSERT INTO ${received_event} (id, tenant_id, source_id, source, provider, external_id, type, status, headers,
              body, occurred_at, processed_at)
            SELECT id, $2, $3, $4, $5, $6, $8, $9, $10, $11, $12, CASE WHEN $9 <> 'processing' THEN now() END FROM entry
            RETURNING id, received_at
          ), runs AS (
            INSERT INTO ${handler_run} (received_event_id, handler, tenant_id, position, status, attempt_count, due_at)
            SELECT stored.id, h.handler, $2, h.position, $14, CASE WHEN $14 = 'running' THEN 1 ELSE 0 END,
              now() + CASE WHEN $14 = 'running' THEN $16::float8 ELSE 0 END * interval '1 millisecond'
            FROM stored, unnest($13::text[]) WITH ORDINALITY AS h (handler, position)
          )
          SELECT received_at AS "receivedAt" FROM stored`,
      },
      [
        event.id,
        event.tenantId,
        event.sourceId,
        event.source,
        event.provider,
        event.externalId,
        event.bodyHash,
        event.type,
        event.status,
        event.headers,
        event.body,
        event.occurredAt,
        event.handlers,
        event.runStatus,
        windowMs,
        LEASE_MS,
      ],
    );
    return row;
  }

  /** The entry of an event, with what became of it. No locks; two primary keys, of which the second names one partition. */
  async findEntry(
    key: Pick<NewReceivedEvent, 'tenantId' | 'sourceId' | 'externalId' | 'bodyHash'>,
  ): Promise<LedgerEntry | undefined> {
    const { received_key, received_event } = this.database.tables;
    const [row] = await this.database.query<LedgerEntry>(
      {
        name: 'posthorn_received_entry',
        text: `
          SELECT k.received_event_id AS id, k.body_hash = $4 AS "sameBody", e.status
          FROM ${received_key} k LEFT JOIN ${received_event} e ON e.id = k.received_event_id
          WHERE k.tenant_id = $1 AND k.source_id = $2 AND k.external_id = $3`,
      },
      [key.tenantId, key.sourceId, key.externalId, key.bodyHash],
    );
    return row;
  }

  /** Notes that another body came under the same id. Locks the event's row, once: later conflicts change nothing. */
  async flagConflict(id: string): Promise<void> {
    await this.database.query(
      { text: `UPDATE ${this.database.tables.received_event} SET conflict = true WHERE id = $1 AND NOT conflict` },
      [id],
    );
  }

  /**
   * Deletes up to `limit` entries that are past the window, oldest first, and says how many. Index: `received_key_expires`.
   * Locks the rows it deletes and skips those that a copy is renewing at this moment.
   */
  async deleteExpired(limit: number): Promise<number> {
    const { received_key } = this.database.tables;
    const rows = await this.database.query(
      {
        text: `
          DELETE FROM ${received_key} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM ${received_key} WHERE expires_at <= now()
            ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))
          RETURNING 1`,
      },
      [limit],
    );
    return rows.length;
  }
}
