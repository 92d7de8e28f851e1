// The ledger of what was received: the one unique key that decides which of many copies is the first. It is small and
// not partitioned; anything faster in front of it would be a shortcut, not the guarantee.
import { Injectable } from '@nestjs/common';
import { bytesArray, Database, Gatherer, plainArray, textArray } from '../platform/database/index.js';
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
  /** How long a copy of it is recognised. */
  readonly windowMs: number;
  /** The span that received it, which the runs of its handlers go on from; `null` where nobody traces that. */
  readonly traceparent: string | null;
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
  private readonly gatherer = new Gatherer<NewReceivedEvent, { receivedAt: Date } | undefined>({
    lineOf: ({ tenantId }) => tenantId,
    keyOf: ({ sourceId, externalId }) => `${sourceId} ${externalId}`,
    bytesOf: ({ body, headers }) => body.length + headers.length,
    write: (events) => this.storeAll(events),
  });

  constructor(private readonly database: Database) {}

  /**
   * Stores an event, its handler runs and its ledger entry, unless the ledger has the event: then nothing is written and
   * the answer is `undefined`. Else the moment it was received, by PostgreSQL's clock. Events of a tenant that wait at the
   * same moment share a statement.
   */
  store(event: NewReceivedEvent): Promise<{ receivedAt: Date } | undefined> {
    return this.gatherer.add(event);
  }

  /**
   * The same for some events, of different keys, in the caller's transaction where `executor` is one.
   *
   * One statement, so all or nothing. Locks: the entries' rows in the order of their key; a concurrent copy waits on its unique
   * key until this commits. An entry past the window that it came with is renewed in place, by exactly one of the copies that
   * find it. Not the query builder: it cannot combine ON CONFLICT with the two inserts that depend on it.
   */
  async storeAll(
    events: readonly NewReceivedEvent[],
    executor: SqlExecutor = this.database,
  ): Promise<({ receivedAt: Date } | undefined)[]> {
    const { received_key, received_event, handler_run } = this.database.tables;
    const rows = await executor.query<{ id: string; receivedAt: Date }>(
      {
        name: 'posthorn_received_store',
        text: `
          WITH input AS (
            SELECT *
            FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[],
                $9::text[], $10::text[], $11::bytea[], $12::timestamptz[], $13::text[], $14::float8[], $19::text[])
              AS i (id, tenant_id, source_id, source, provider, external_id, body_hash, type,
                status, headers, body, occurred_at, run_status, window_ms, traceparent)
          ), entry AS (
            INSERT INTO ${received_key} AS k (tenant_id, source_id, external_id, received_event_id, body_hash, expires_at)
            SELECT tenant_id, source_id, external_id, id, body_hash, now() + window_ms * interval '1 millisecond'
            FROM input ORDER BY source_id, external_id
            ON CONFLICT (tenant_id, source_id, external_id) DO UPDATE
              SET received_event_id = excluded.received_event_id, body_hash = excluded.body_hash, seen_at = excluded.seen_at,
                expires_at = excluded.expires_at
              WHERE k.expires_at <= now()
            RETURNING k.received_event_id AS id
          ), stored AS (
            INSERT INTO ${received_event} (id, tenant_id, source_id, source, provider, external_id, type, status, headers,
              body, occurred_at, processed_at, traceparent)
            SELECT id, tenant_id, source_id, source, provider, external_id, type, status, headers, body, occurred_at,
              CASE WHEN status <> 'processing' THEN now() END, traceparent
            FROM input JOIN entry USING (id)
            RETURNING id, received_at
          ), runs AS (
            INSERT INTO ${handler_run} (received_event_id, handler, tenant_id, position, status, attempt_count, due_at)
            SELECT id, h.handler, i.tenant_id, h.position, i.run_status, CASE WHEN i.run_status = 'running' THEN 1 ELSE 0 END,
              now() + CASE WHEN i.run_status = 'running' THEN $18::float8 ELSE 0 END * interval '1 millisecond'
            FROM unnest($15::uuid[], $16::text[], $17::integer[]) AS h (id, handler, position)
              JOIN stored USING (id) JOIN input i USING (id)
          )
          SELECT id, received_at AS "receivedAt" FROM stored`,
      },
      valuesOf(events),
    );
    const stored = new Map(rows.map((row) => [row.id, row]));
    return events.map(({ id }) => stored.get(id));
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

function valuesOf(events: readonly NewReceivedEvent[]): unknown[] {
  const runs = events.flatMap(({ id, handlers }) => handlers.map((handler, at) => ({ id, handler, position: at + 1 })));
  return [
    plainArray(events.map(({ id }) => id)),
    textArray(events.map(({ tenantId }) => tenantId)),
    plainArray(events.map(({ sourceId }) => sourceId)),
    textArray(events.map(({ source }) => source)),
    textArray(events.map(({ provider }) => provider)),
    textArray(events.map(({ externalId }) => externalId)),
    bytesArray(events.map(({ bodyHash }) => bodyHash)),
    textArray(events.map(({ type }) => type)),
    plainArray(events.map(({ status }) => status)),
    textArray(events.map(({ headers }) => headers)),
    bytesArray(events.map(({ body }) => body)),
    plainArray(events.map(({ occurredAt }) => occurredAt?.toISOString() ?? null)),
    plainArray(events.map(({ runStatus }) => runStatus)),
    plainArray(events.map(({ windowMs }) => windowMs)),
    plainArray(runs.map(({ id }) => id)),
    textArray(runs.map(({ handler }) => handler)),
    plainArray(runs.map(({ position }) => position)),
    LEASE_MS,
    textArray(events.map(({ traceparent }) => traceparent)),
  ];
}
