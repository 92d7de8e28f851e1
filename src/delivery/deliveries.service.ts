// The delivery log, and trying a delivery again by hand.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { NotFoundError } from '../kernel/errors.js';
import { isId } from '../kernel/ids.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { cursorId, momentOf, pageOf } from '../platform/http/index.js';
import type { Page } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveryInProgressError, PayloadErasedError, WebhookDisabledError } from './delivery.errors.js';
import { DeliveryWake } from './delivery-wake.js';
import type { DeliveryQuery } from './dto/delivery-query.js';
import { viewOfAttempt, viewOfDelivery } from './dto/delivery-view.js';
import type { DeliveryDetailView, DeliveryView } from './dto/delivery-view.js';

@Injectable()
export class DeliveriesService {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly wake: DeliveryWake,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /** A page of the log, newest first. */
  async list(tenantId: string, { limit, cursor, since, until, ...filter }: DeliveryQuery): Promise<Page<DeliveryView>> {
    const { rows, lookedTo } = await this.deliveries.findNewest(
      tenantId,
      {
        ...filter,
        since: momentOf(since),
        until: momentOf(until),
        beforeId: cursorId(cursor),
      },
      limit + 1,
    );
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id, lookedTo);
    return { data: data.map(viewOfDelivery), nextCursor };
  }

  /** @throws NotFoundError when the tenant has no such delivery. */
  async get(tenantId: string, id: string): Promise<DeliveryDetailView> {
    const delivery = isId(id) ? await this.deliveries.findOne(tenantId, id) : null;
    if (!delivery) throw new NotFoundError('delivery');
    const [attempts, transformed] = await Promise.all([
      this.deliveries.findAttempts(tenantId, id),
      this.deliveries.findTransformed(tenantId, id),
    ]);
    return {
      ...viewOfDelivery(delivery),
      transformed,
      attempts: attempts.map((attempt) => viewOfAttempt(attempt, delivery)),
    };
  }

  /**
   * Makes a delivery due now: same delivery, next attempt number, the schedule from its start.
   *
   * @throws NotFoundError, DeliveryInProgressError, WebhookDisabledError, PayloadErasedError
   */
  async retry(tenantId: string, id: string, request?: IdempotentRequest, author?: Author): Promise<DeliveryView> {
    const retried = await this.deliveries.transaction(tenantId, (manager) =>
      this.ledger.within(manager, request, async () => {
        const due = await this.makeDue(tenantId, id, manager);
        await this.audit.within(manager, author, { action: 'delivery.retried', resource: id });
        return due;
      }),
    );
    this.wake.everywhere();
    return retried;
  }

  private async makeDue(tenantId: string, id: string, manager: EntityManager): Promise<DeliveryView> {
    switch (isId(id) ? await this.deliveries.retry(tenantId, id, manager) : 'not_found') {
      case 'not_found':
        throw new NotFoundError('delivery');
      case 'sending':
        throw new DeliveryInProgressError();
      case 'webhook_disabled':
        throw new WebhookDisabledError();
      case 'payload_erased':
        throw new PayloadErasedError();
      case 'due':
        return viewOfDelivery((await this.deliveries.findOne(tenantId, id, manager))!);
    }
  }
}
