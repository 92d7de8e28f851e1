// What came in, for people to look at and to run again. Every query is limited to one tenant.
import { Injectable } from '@nestjs/common';
import {
  alongIndex,
  boundsOf,
  Database,
  Parameters,
  readPage,
  TenantDatabase,
  within,
} from '../platform/database/index.js';
import type { LogPage, SqlExecutor } from '../platform/database/index.js';
import { HandlerRun } from './handler-run.entity.js';
import { ReceivedEventRow } from './received-event.entity.js';
import type { ReceivedEventStatus } from './received-event.entity.js';

interface ReceivedEventFilter {
  readonly source?: string;
  readonly status?: ReceivedEventStatus;
  /** Inclusive. */
  readonly since?: Date;
  /** Exclusive. */
  readonly until?: Date;
  /** The page goes on below this id. */
  readonly beforeId?: string;
}

// Ids are made by the clocks of our processes, `received_at` by PostgreSQL: the id only narrows the partitions.
export const CLOCKS_APART_MS = 86_400_000;

/** As much of a received event as lists show. */
type ListedEvent = Omit<ReceivedEventRow, 'headers' | 'body' | 'traceparent'>;

/** Its columns, of a row `d`. */
const LISTED_COLUMNS = `
  d.id, d.tenant_id AS "tenantId", d.source_id AS "sourceId", d.source, d.provider, d.external_id AS "externalId", d.type,
  d.status, d.conflict, d.occurred_at AS "occurredAt", d.received_at AS "receivedAt", d.processed_at AS "processedAt"`;

@Injectable()
export class ReceivedEventsRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {}

  /**
   * Newest first, without headers and bodies, at most `limit`; fewer where the page looked at as many as it may. Locks nothing.
   * Index: `received_event_tenant`; source and status are checked along it.
   */
  findPage(tenantId: string, filter: ReceivedEventFilter, limit: number): Promise<LogPage<ListedEvent>> {
    const { source, status, since, until, beforeId } = filter;
    const parameters = new Parameters();
    const bounds = boundsOf({
      since: since && new Date(since.getTime() - CLOCKS_APART_MS),
      until: until && new Date(until.getTime() + CLOCKS_APART_MS),
      beforeId,
    });
    const { where, order } = alongIndex({ tenant_id: parameters.bind(tenantId) }, bounds, parameters);
    const times = [
      ...(since ? [`d.received_at >= ${parameters.bind(since)}`] : []),
      ...(until ? [`d.received_at < ${parameters.bind(until)}`] : []),
    ];
    const walk = {
      from: `${this.database.tables.received_event} d`,
      where: [...where, ...within('d.id', bounds, parameters), ...times],
      order,
      filters: [
        ...(source === undefined ? [] : [`d.source = ${parameters.bind(source)}`]),
        ...(status === undefined ? [] : [`d.status = ${parameters.bind(status)}`]),
      ],
    };
    return readPage(this.tenants.of(tenantId), { walk, columns: LISTED_COLUMNS, limit, parameters });
  }

  /** One event with its body. */
  findById(tenantId: string, id: string): Promise<ReceivedEventRow | null> {
    return this.tenants.as(tenantId, (manager) =>
      manager
        .createQueryBuilder(ReceivedEventRow, 'e')
        .addSelect('e.body')
        .where('e.id = :id AND e.tenantId = :tenantId', { id, tenantId })
        .getOne(),
    );
  }

  /** The runs of one event, in the order in which they run. */
  findRuns(tenantId: string, receivedEventId: string): Promise<HandlerRun[]> {
    const where = { tenantId, receivedEventId };
    return this.tenants.as(tenantId, (manager) =>
      manager.find(HandlerRun, { where, order: { position: 'ASC', handler: 'ASC' } }),
    );
  }

  /**
   * Makes runs of one event due now, with a fresh schedule: the failed ones, with `all` also the succeeded ones; and adds
   * the handlers given that have no run yet. Says how many are due; `undefined` while some run, since a handler must not
   * run beside itself.
   *
   * One statement. Locks the event's run rows, then its own row. Index: the primary keys.
   */
  async replay(
    executor: SqlExecutor,
    tenantId: string,
    id: string,
    { all, added }: { all: boolean; added: readonly string[] },
  ): Promise<number | undefined> {
    const { received_event, handler_run } = this.database.tables;
    const [row] = await executor.query<{ running: boolean; count: number }>(
      {
        text: `
          WITH runs AS (
            SELECT handler, position, status = 'running' AND due_at > now() AS running FROM ${handler_run}
            WHERE received_event_id = $1 AND tenant_id = $2 ORDER BY position FOR UPDATE
          ), busy AS (
            SELECT COALESCE(bool_or(running), false) AS running, COALESCE(max(position), 0) AS last FROM runs
          ), due AS (
            UPDATE ${handler_run} r
            SET status = 'pending', due_at = now(), retries_used = 0
            FROM runs, busy
            WHERE r.received_event_id = $1 AND r.handler = runs.handler AND NOT busy.running
              AND (r.status <> 'succeeded' OR $3)
            RETURNING 1
          ), new AS (
            INSERT INTO ${handler_run} (received_event_id, handler, tenant_id, position, status, due_at)
            SELECT $1, h.handler, $2, busy.last + h.position, 'pending', now()
            FROM busy, unnest($4::text[]) WITH ORDINALITY AS h (handler, position)
            WHERE NOT busy.running
            ON CONFLICT DO NOTHING
            RETURNING 1
          ), event AS (
            UPDATE ${received_event} SET status = 'processing', processed_at = NULL
            WHERE id = $1 AND tenant_id = $2 AND EXISTS (SELECT FROM due UNION ALL SELECT FROM new)
          )
          SELECT running, (SELECT count(*)::integer FROM due) + (SELECT count(*)::integer FROM new) AS count FROM busy`,
      },
      [id, tenantId, all, added],
    );
    return row === undefined || row.running ? undefined : row.count;
  }
}
