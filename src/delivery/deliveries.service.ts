// The delivery log, and trying a delivery again by hand.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { NotFoundError } from '../kernel/errors.js';
import { isId } from '../kernel/ids.js';
import { MAX_RETRIES } from '../kernel/retry-schedule.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { cursorId, momentOf, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import type { Delivery } from './delivery.entity.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveryInProgressError, PayloadErasedError, WebhookDisabledError } from './delivery.errors.js';
import { DeliveryWake } from './delivery-wake.js';
import type { DeliveryQuery } from './dto/delivery-query.js';
import { viewOfAttempt, viewOfDelivery } from './dto/delivery-view.js';
import type { AttemptView, DeliveryDetailView, DeliveryView } from './dto/delivery-view.js';

/** Attempts that come with their delivery: more than the longest schedule makes. Retrying by hand makes as many as anybody asks for. */
const SHOWN_ATTEMPTS = MAX_RETRIES + 1;

const isAttemptNumber = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

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
    const delivery = await this.find(tenantId, id);
    const [{ data: attempts, nextCursor }, transformed] = await Promise.all([
      this.pageOfAttempts(delivery, { limit: SHOWN_ATTEMPTS }),
      this.deliveries.findTransformed(tenantId, id),
    ]);
    return { ...viewOfDelivery(delivery), transformed, attempts: attempts.reverse(), attemptsCursor: nextCursor };
  }

  /** The attempts of a delivery, newest first. @throws NotFoundError when the tenant has no such delivery. */
  async attempts(tenantId: string, id: string, query: PageQuery): Promise<Page<AttemptView>> {
    return this.pageOfAttempts(await this.find(tenantId, id), query);
  }

  private async pageOfAttempts(delivery: Delivery, { limit, cursor }: PageQuery): Promise<Page<AttemptView>> {
    const before = cursorId(cursor, isAttemptNumber);
    const { tenantId, id } = delivery;
    const found = await this.deliveries.findAttempts(tenantId, id, limit + 1, before ? Number(before) : undefined);
    const { data, nextCursor } = pageOf(found, limit, ({ number }) => `${number}`);
    return { data: data.map((attempt) => viewOfAttempt(attempt, delivery)), nextCursor };
  }

  private async find(tenantId: string, id: string): Promise<Delivery> {
    const delivery = isId(id) ? await this.deliveries.findOne(tenantId, id) : null;
    if (!delivery) throw new NotFoundError('delivery');
    return delivery;
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
    this.wake.everywhere([retried.webhookId]);
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
