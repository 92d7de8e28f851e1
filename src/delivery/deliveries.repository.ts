// The delivery log, read: every question is limited to one tenant.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan } from 'typeorm';
import type { EntityManager, Repository } from 'typeorm';
import {
  boundsOf,
  columnsOf,
  DATA_SOURCE,
  Database,
  executorOf,
  newestOf,
  Parameters,
  readPage,
  TenantDatabase,
} from '../platform/database/index.js';
import type { LogPage, Statement } from '../platform/database/index.js';
import { DeliveryAttempt } from './delivery-attempt.entity.js';
import { Delivery } from './delivery.entity.js';
import { walkOf } from './delivery-walk.js';
import type { DeliveryCondition } from './delivery-walk.js';

/** What a page of the log is limited to. */
interface DeliveryFilter extends DeliveryCondition {
  readonly since?: Date;
  readonly until?: Date;
  readonly beforeId?: string;
}

/** What became of a request to retry. */
type RetryOutcome = 'due' | 'sending' | 'webhook_disabled' | 'payload_erased' | 'not_found';

@Injectable()
export class DeliveriesRepository {
  private readonly retryStatement: Statement;

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    @InjectRepository(Delivery, DATA_SOURCE) private readonly deliveries: Repository<Delivery>,
  ) {
    const t = database.tables;
    this.retryStatement = {
      name: 'posthorn_delivery_retry',
      // Locks the one delivery by its key. The attempt number goes on; the schedule, the count of unknown outcomes
      // and the time until it expires start anew. A pause of its webhook ends, and an open circuit probes with it: someone
      // wants to see what happens now. The check and the change are one statement: a claim in between finds the row locked,
      // or wins.
      text: `
        WITH found AS (
          SELECT d.id, d.status, w.active AND w.deleted_at IS NULL AS usable,
                 e.id IS NULL OR e.data_erased_at IS NOT NULL AS erased,
                 coalesce(e.expires_after_ms, w.expires_after_ms) AS expires_after_ms
          FROM ${t.delivery} d JOIN ${t.webhook} w ON w.id = d.webhook_id LEFT JOIN ${t.event} e ON e.id = d.event_id
          WHERE d.id = $2 AND d.tenant_id = $1 FOR UPDATE OF d
        ), retried AS (
          UPDATE ${t.delivery} d SET status = 'pending', reason = NULL, retries_used = 0, unknown_count = 0,
                 due_at = now(), completed_at = NULL, expires_at = now() + found.expires_after_ms * interval '1 ms'
          FROM found WHERE d.id = found.id AND found.status <> 'sending' AND found.usable AND NOT found.erased
          RETURNING d.id, d.webhook_id
        ), probed AS (
          UPDATE ${t.webhook_health} h SET paused_until = NULL, asked_until = NULL, probe_id = retried.id
          FROM retried WHERE h.webhook_id = retried.webhook_id)
        SELECT CASE WHEN EXISTS (SELECT FROM retried) THEN 'due' WHEN erased THEN 'payload_erased'
                    WHEN usable THEN 'sending' ELSE 'webhook_disabled' END AS outcome
        FROM found`,
    };
  }

  /** Deliveries newest first, at most `limit`; fewer where the page looked at as many as it may. */
  async findNewest(tenantId: string, filter: DeliveryFilter, limit: number): Promise<LogPage<Delivery>> {
    if (filter.status !== 'pending') return this.walk(tenantId, filter, limit);
    const pages = [filter, { ...filter, status: 'retrying', isScheduled: true } as const];
    return newestOf(await Promise.all(pages.map((page) => this.walk(tenantId, page, limit))), limit);
  }

  findOne(tenantId: string, id: string, within?: EntityManager): Promise<Delivery | null> {
    return this.tenants.as(tenantId, (manager) => manager.findOneBy(Delivery, { tenantId, id }), within);
  }

  /** What was sent in the place of the event of a delivery that is known to be the tenant's; null: the event. */
  async findTransformed(tenantId: string, id: string): Promise<string | null> {
    const question = { where: { tenantId, id }, select: { id: true, transformed: true } } as const;
    const found = await this.tenants.as(tenantId, (manager) => manager.findOne(Delivery, question));
    return found?.transformed ?? null;
  }

  /** The attempts of a delivery that is known to be the tenant's, newest first, at most `limit`. Index: the primary key. */
  findAttempts(tenantId: string, deliveryId: string, limit: number, before?: number): Promise<DeliveryAttempt[]> {
    const where = { deliveryId, ...(before !== undefined && { number: LessThan(before) }) };
    return this.tenants.as(tenantId, (manager) =>
      manager.find(DeliveryAttempt, { where, order: { number: 'DESC' }, take: limit }),
    );
  }

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.tenants.transaction(tenantId, work);
  }

  /** Makes a delivery due now, from any state but `sending`. */
  async retry(tenantId: string, id: string, manager: EntityManager): Promise<RetryOutcome> {
    const executor = await executorOf(manager);
    const [row] = await executor.query<{ outcome: RetryOutcome }>(this.retryStatement, [tenantId, id]);
    return row?.outcome ?? 'not_found';
  }

  private walk(tenantId: string, filter: DeliveryFilter, limit: number): Promise<LogPage<Delivery>> {
    const parameters = new Parameters();
    const walk = walkOf(this.database.tables, tenantId, filter, boundsOf(filter), parameters);
    return readPage(this.tenants.of(tenantId), { walk, columns: columnsOf(this.deliveries), limit, parameters });
  }
}
