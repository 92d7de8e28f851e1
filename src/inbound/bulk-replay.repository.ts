// Running the handlers of many received events again. Every query is limited to one tenant, and to as many events as one
// transaction can well change: all of them are replayed, or none.
import { Injectable } from '@nestjs/common';
import { lowestIdAt } from '../kernel/ids.js';
import { Database, TenantDatabase } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { CLOCKS_APART_MS } from './received-events.repository.js';

/** Which events: those received in a time, of one source and type or of all. */
interface BulkReplayFilter {
  readonly tenantId: string;
  /** Inclusive. */
  readonly since: Date;
  /** Exclusive. */
  readonly until: Date;
  readonly source?: string;
  readonly type?: string;
  /** Also the handlers that succeeded, and those that were added since. */
  readonly all: boolean;
}

/** What a replay would be about. */
interface BulkReplayLook {
  /** Events that fit, one more than the limit where there are more. */
  readonly events: number;
  /** Handler runs that would be due. */
  readonly runs: number;
  /** The kinds of events that get the handlers which they do not have yet. */
  readonly kinds: readonly EventKind[];
}

interface EventKind {
  readonly source: string;
  readonly type: string;
}

/** A handler that events of a kind get, unless they have it. */
interface AddedHandler {
  readonly source: string;
  readonly type: string;
  readonly handler: string;
  readonly position: number;
}

@Injectable()
export class BulkReplayRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {}

  /** Counts, and changes nothing. Index: `received_event_tenant`, of which it reads the time asked for. */
  async look(filter: BulkReplayFilter, limit: number): Promise<BulkReplayLook> {
    const [row] = await this.tenants.of(filter.tenantId).query<BulkReplayLook>(
      {
        text: `
          WITH ${this.chosen()}, kind AS (
            SELECT DISTINCT source, type FROM chosen WHERE $8 OR status = 'unhandled'
          )
          SELECT (SELECT count(*)::int FROM chosen) AS events,
            (SELECT count(*)::int FROM ${this.due()}) AS runs,
            COALESCE((SELECT json_agg(kind) FROM kind), '[]') AS kinds`,
      },
      [...valuesOf(filter), limit + 1],
    );
    return row ?? { events: 0, runs: 0, kinds: [] };
  }

  /** How many runs the handlers given would get that events do not have yet. */
  async countNew(
    executor: SqlExecutor,
    filter: BulkReplayFilter,
    added: readonly AddedHandler[],
    limit: number,
  ): Promise<number> {
    const [row] = await executor.query<{ count: number }>(
      { text: `WITH ${this.chosen()} SELECT count(*)::int AS count FROM ${this.added()}` },
      [...valuesOf(filter), limit, ...columnsOf(added)],
    );
    return row?.count ?? 0;
  }

  /**
   * Makes the runs due now, with a fresh schedule, and adds the handlers given; the answer is how many of which event.
   * What runs at this moment is left alone.
   *
   * One statement. Locks the runs in the order of their events, then the events' rows: two replays of the same events wait
   * for each other. Index: `received_event_tenant`, then the primary keys.
   */
  async replay(
    executor: SqlExecutor,
    filter: BulkReplayFilter,
    added: readonly AddedHandler[],
    limit: number,
  ): Promise<{ id: string; runs: number }[]> {
    const { received_event, handler_run } = this.database.tables;
    return executor.query(
      {
        text: `
          WITH ${this.chosen()}, locked AS (
            SELECT r.received_event_id, r.handler FROM ${this.due()}
            ORDER BY r.received_event_id, r.position FOR UPDATE OF r
          ), due AS (
            UPDATE ${handler_run} r SET status = 'pending', due_at = now(), retries_used = 0
            FROM locked l WHERE r.received_event_id = l.received_event_id AND r.handler = l.handler
            RETURNING r.received_event_id AS id
          ), new AS (
            INSERT INTO ${handler_run} (received_event_id, handler, tenant_id, position, status, due_at)
            SELECT c.id, h.handler, $1, h.position, 'pending', now()
            FROM ${this.added()}
            ON CONFLICT DO NOTHING
            RETURNING received_event_id AS id
          ), touched AS (
            SELECT id, count(*)::int AS runs FROM (SELECT id FROM due UNION ALL SELECT id FROM new) t GROUP BY id
          )
          UPDATE ${received_event} e SET status = 'processing', processed_at = NULL
          FROM touched WHERE e.id = touched.id
          RETURNING e.id, touched.runs`,
      },
      [...valuesOf(filter), limit, ...columnsOf(added)],
    );
  }

  /** Ids are made by the clocks of our processes, `received_at` by PostgreSQL: the id only narrows the partitions. */
  private chosen(): string {
    return `
      chosen AS MATERIALIZED (
        SELECT id, source, type, status FROM ${this.database.tables.received_event}
        WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3 AND id >= $4 AND id < $5
          AND ($6::text IS NULL OR source = $6) AND ($7::text IS NULL OR type = $7)
          AND status <> 'rejected' AND ($8::boolean OR status <> 'processed')
        ORDER BY id LIMIT $9
      )`;
  }

  /** The runs that are to be added: those of the handlers given that an event does not have. */
  private added(): string {
    return `
      chosen c
      JOIN unnest($10::text[], $11::text[], $12::text[], $13::int[]) AS h (source, type, handler, position)
        USING (source, type)
      WHERE ($8 OR c.status = 'unhandled') AND NOT EXISTS (
        SELECT FROM ${this.database.tables.handler_run} r WHERE r.received_event_id = c.id AND r.handler = h.handler)`;
  }

  private due(): string {
    return `
      chosen c JOIN ${this.database.tables.handler_run} r ON r.received_event_id = c.id
      WHERE ($8 OR r.status <> 'succeeded') AND NOT (r.status = 'running' AND r.due_at > now())`;
  }
}

const columnsOf = (added: readonly AddedHandler[]): unknown[] => [
  added.map(({ source }) => source),
  added.map(({ type }) => type),
  added.map(({ handler }) => handler),
  added.map(({ position }) => position),
];

const valuesOf = ({ tenantId, since, until, source, type, all }: BulkReplayFilter): unknown[] => [
  tenantId,
  since,
  until,
  lowestIdAt(since.getTime() - CLOCKS_APART_MS),
  lowestIdAt(until.getTime() + CLOCKS_APART_MS),
  source ?? null,
  type ?? null,
  all,
];
