// The delivery log, read: every question is limited to one tenant.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { lowestIdAt } from '../kernel/ids.js';
import { DATA_SOURCE, Database } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { DeliveryAttempt } from './delivery-attempt.entity.js';
import { Delivery } from './delivery.entity.js';
import type { DeliveryStatus } from './delivery-status.js';

/** What a page of the log is limited to. */
export interface DeliveryFilter {
  readonly status?: DeliveryStatus;
  readonly webhookId?: string;
  readonly event?: string;
  readonly httpStatus?: number;
  readonly since?: Date;
  readonly until?: Date;
  readonly beforeId?: string;
}

/** What became of a request to retry. */
export type RetryOutcome = 'due' | 'sending' | 'webhook_disabled' | 'payload_erased' | 'not_found';

@Injectable()
export class DeliveriesRepository {
  private readonly retryStatement: Statement;

  constructor(
    private readonly database: Database,
    @InjectRepository(Delivery, DATA_SOURCE) private readonly deliveries: Repository<Delivery>,
    @InjectRepository(DeliveryAttempt, DATA_SOURCE) private readonly attempts: Repository<DeliveryAttempt>,
  ) {
    const t = database.tables;
    this.retryStatement = {
      name: 'posthorn_delivery_retry',
      // Locks the one delivery by its key. The attempt number goes on; the schedule and the count of unknown outcomes
      // start anew, and a pause of its webhook ends: someone wants to see what happens now. The check and the change are one statement: a claim in between finds the row locked, or wins.
      text: `
        WITH found AS (
          SELECT d.id, d.status, w.active AND w.deleted_at IS NULL AS usable,
                 NOT EXISTS (SELECT FROM ${t.event} e WHERE e.id = d.event_id AND e.data_erased_at IS NULL) AS erased
          FROM ${t.delivery} d JOIN ${t.webhook} w ON w.id = d.webhook_id
          WHERE d.id = $2 AND d.tenant_id = $1 FOR UPDATE OF d
        ), retried AS (
          UPDATE ${t.delivery} d SET status = 'pending', reason = NULL, retries_used = 0, unknown_count = 0,
                 due_at = now(), completed_at = NULL
          FROM found WHERE d.id = found.id AND found.status <> 'sending' AND found.usable AND NOT found.erased
          RETURNING d.id, d.webhook_id
        ), probed AS (
          UPDATE ${t.webhook_health} h SET paused_until = NULL FROM retried WHERE h.webhook_id = retried.webhook_id)
        SELECT CASE WHEN EXISTS (SELECT FROM retried) THEN 'due' WHEN erased THEN 'payload_erased'
                    WHEN usable THEN 'sending' ELSE 'webhook_disabled' END AS outcome
        FROM found`,
    };
  }

  /** Deliveries newest first, at most `limit`. Times are compared by id: a delivery's id holds the moment it was made. */
  findNewest(tenantId: string, filter: DeliveryFilter, limit: number): Promise<Delivery[]> {
    const query = this.deliveries
      .createQueryBuilder('d')
      .where('d.tenantId = :tenantId', { tenantId })
      .orderBy('d.id', 'DESC')
      .limit(limit);
    if (filter.status) query.andWhere('d.status = :status', { status: filter.status });
    if (filter.webhookId) query.andWhere('d.webhookId = :webhookId', { webhookId: filter.webhookId });
    if (filter.event) query.andWhere('d.eventType = :event', { event: filter.event });
    if (filter.httpStatus) query.andWhere('d.lastHttpStatus = :httpStatus', { httpStatus: filter.httpStatus });
    if (filter.since) query.andWhere('d.id >= :since', { since: lowestIdAt(filter.since.getTime()) });
    if (filter.until) query.andWhere('d.id < :until', { until: lowestIdAt(filter.until.getTime()) });
    if (filter.beforeId) query.andWhere('d.id < :beforeId', { beforeId: filter.beforeId });
    return query.getMany();
  }

  findOne(tenantId: string, id: string): Promise<Delivery | null> {
    return this.deliveries.findOneBy({ tenantId, id });
  }

  /** The attempts of a delivery that is known to be the tenant's, in order. */
  findAttempts(deliveryId: string): Promise<DeliveryAttempt[]> {
    return this.attempts.find({ where: { deliveryId }, order: { number: 'ASC' } });
  }

  /** Makes a delivery due now, from any state but `sending`. */
  async retry(tenantId: string, id: string): Promise<RetryOutcome> {
    const [row] = await this.database.query<{ outcome: RetryOutcome }>(this.retryStatement, [tenantId, id]);
    return row?.outcome ?? 'not_found';
  }
}
