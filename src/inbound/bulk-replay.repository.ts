// Running the handlers of many received events again. Every query is limited to one tenant, and to as many events as one
// transaction can well change: all of them are replayed, or none.
import { Injectable } from '@nestjs/common';
import { lowestIdAt } from '../kernel/ids.js';
import { alongIndex, Database, Parameters, readPage, TenantDatabase, within } from '../platform/database/index.js';
import type { LogPage, SqlExecutor } from '../platform/database/index.js';
import type { ReceivedEventStatus } from './received-event.entity.js';
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

/** An event that fits. */
interface FoundEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly status: ReceivedEventStatus;
}

/** Events to replay. */
interface Chosen {
  readonly tenantId: string;
  /** Newest first. */
  readonly ids: readonly string[];
  readonly all: boolean;
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

  /**
   * The events that fit, newest first, at most `limit`. However many were received in the time asked for, each statement
   * looks at a part of them: between two, others have their turn at the database.
   */
  async find(filter: BulkReplayFilter, limit: number): Promise<FoundEvent[]> {
    const found: FoundEvent[] = [];
    let beforeId: string | undefined = lowestIdAt(filter.until.getTime() + CLOCKS_APART_MS);
    while (beforeId !== undefined && found.length < limit) {
      const page: LogPage<FoundEvent> = await this.findPage(filter, beforeId, limit - found.length);
      found.push(...page.rows);
      beforeId = page.lookedTo;
    }
    return found;
  }

  /** Index: `received_event_tenant`. Ids are made by the clocks of our processes, `received_at` by PostgreSQL: the id only narrows. */
  private findPage(filter: BulkReplayFilter, beforeId: string, limit: number): Promise<LogPage<FoundEvent>> {
    const { tenantId, since, until, source, type, all } = filter;
    const parameters = new Parameters();
    const bounds = { sinceId: lowestIdAt(since.getTime() - CLOCKS_APART_MS), beforeId };
    const { where, order } = alongIndex({ tenant_id: parameters.bind(tenantId) }, bounds, parameters);
    const walk = {
      from: `${this.database.tables.received_event} d`,
      where: [...where, ...within('d.id', bounds, parameters)],
      order,
      filters: [
        `d.received_at >= ${parameters.bind(since)} AND d.received_at < ${parameters.bind(until)}`,
        `d.status <> 'rejected'`,
        ...(all ? [] : [`d.status <> 'processed'`]),
        ...(source === undefined ? [] : [`d.source = ${parameters.bind(source)}`]),
        ...(type === undefined ? [] : [`d.type = ${parameters.bind(type)}`]),
      ],
    };
    const columns = 'd.id, d.source, d.type, d.status';
    return readPage(this.tenants.of(tenantId), { walk, columns, limit, parameters });
  }

  /** How many runs would be due, of those that the events have and of those that the handlers given would get. */
  async count(executor: SqlExecutor, chosen: Chosen, added: readonly AddedHandler[]): Promise<number> {
    const [row] = await executor.query<{ count: number }>(
      {
        text: `
          WITH ${this.chosen()}
          SELECT ((SELECT count(*) FROM ${this.due()}) + (SELECT count(*) FROM ${this.added()}))::int AS count`,
      },
      [...valuesOf(chosen), ...columnsOf(added)],
    );
    return row?.count ?? 0;
  }

  /**
   * Makes the runs due now, with a fresh schedule, and adds the handlers given; the answer is how many of which event.
   * What runs at this moment is left alone.
   *
   * One statement. Locks the runs in the order of their events, then the events' rows: two replays of the same events wait
   * for each other. Index: the primary keys.
   */
  async replay(
    executor: SqlExecutor,
    chosen: Chosen,
    added: readonly AddedHandler[],
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
      [...valuesOf(chosen), ...columnsOf(added)],
    );
  }

  /** Those of the events that still fit. The bounds leave partitions out. */
  private chosen(): string {
    return `
      chosen AS MATERIALIZED (
        SELECT id, source, type, status FROM ${this.database.tables.received_event}
        WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND id >= $3 AND id <= $4
          AND status <> 'rejected' AND ($5::boolean OR status <> 'processed')
        ORDER BY id
      )`;
  }

  /** The runs that are to be added: those of the handlers given that an event does not have. */
  private added(): string {
    return `
      chosen c
      JOIN unnest($6::text[], $7::text[], $8::text[], $9::int[]) AS h (source, type, handler, position)
        USING (source, type)
      WHERE ($5 OR c.status = 'unhandled') AND NOT EXISTS (
        SELECT FROM ${this.database.tables.handler_run} r WHERE r.received_event_id = c.id AND r.handler = h.handler)`;
  }

  private due(): string {
    return `
      chosen c JOIN ${this.database.tables.handler_run} r ON r.received_event_id = c.id
      WHERE ($5 OR r.status <> 'succeeded') AND NOT (r.status = 'running' AND r.due_at > now())`;
  }
}

const columnsOf = (added: readonly AddedHandler[]): unknown[] => [
  added.map(({ source }) => source),
  added.map(({ type }) => type),
  added.map(({ handler }) => handler),
  added.map(({ position }) => position),
];

const valuesOf = ({ tenantId, ids, all }: Chosen): unknown[] => [
  tenantId,
  ids,
  ids.at(-1) ?? null,
  ids[0] ?? null,
  all,
];
