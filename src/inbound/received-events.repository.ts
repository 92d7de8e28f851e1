// What came in, for people to look at and to run again. Every query is limited to one tenant.
import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { lowestIdAt } from '../kernel/ids.js';
import { Database, TenantDatabase } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
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

@Injectable()
export class ReceivedEventsRepository {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
  ) {}

  /** Newest first, without bodies. Index: `received_event_tenant`; the filters are checked along it. */
  findPage(tenantId: string, filter: ReceivedEventFilter, take: number): Promise<ReceivedEventRow[]> {
    return this.tenants.as(tenantId, (manager) => pageQuery(manager, tenantId, filter).take(take).getMany());
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

function pageQuery(
  manager: EntityManager,
  tenantId: string,
  { source, status, since, until, beforeId }: ReceivedEventFilter,
): SelectQueryBuilder<ReceivedEventRow> {
  const query = manager.createQueryBuilder(ReceivedEventRow, 'e').where('e.tenantId = :tenantId', { tenantId });
  if (source !== undefined) query.andWhere('e.source = :source', { source });
  if (status !== undefined) query.andWhere('e.status = :status', { status });
  if (beforeId !== undefined) query.andWhere('e.id < :beforeId', { beforeId });
  if (since) {
    const lowestId = lowestIdAt(since.getTime() - CLOCKS_APART_MS);
    query.andWhere('e.receivedAt >= :since AND e.id >= :lowestId', { since, lowestId });
  }
  if (until) {
    const highestId = lowestIdAt(until.getTime() + CLOCKS_APART_MS);
    query.andWhere('e.receivedAt < :until AND e.id < :highestId', { until, highestId });
  }
  return query.orderBy('e.id', 'DESC');
}
