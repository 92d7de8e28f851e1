// The events API: dispatching over HTTP, and what was sent, to whom, and why not.
import { Injectable } from '@nestjs/common';
import { Erasure, EventLog, viewOfDelivery } from '../delivery/index.js';
import type { DeliveryView } from '../delivery/index.js';
import { NotFoundError, PosthornError } from '../kernel/errors.js';
import { isId } from '../kernel/ids.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { cursorId, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, momentOf, pageOf } from '../platform/http/index.js';
import type { Page, PageQuery } from '../platform/http/index.js';
import { checkIdempotencyKey, IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import type { BatchRefusalView, DispatchView, EventDto } from './dto/event-dto.js';
import type { EventQuery } from './dto/event-query.js';
import type { EventDetailView, EventView } from './dto/event-view.js';
import type { WebhookExplanation } from './explain/dto/explanation.js';
import { Explanations } from './explain/explanations.js';
import { EventDispatcher } from './event-dispatcher.js';
import { IdempotencyKeysDifferError } from './outbound.errors.js';

/** An answer for each event of a batch, in order. */
export interface EventBatchAnswer {
  readonly results: readonly (DispatchView | BatchRefusalView)[];
}

type StoredEvent = NonNullable<Awaited<ReturnType<EventLog['findOne']>>>;

@Injectable()
export class EventsService {
  constructor(
    private readonly database: Database,
    private readonly dispatcher: EventDispatcher,
    private readonly log: EventLog,
    private readonly explanations: Explanations,
    private readonly erasure: Erasure,
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
  ) {}

  /** @param headerKey - The `Idempotency-Key` header; it and the body's key must be equal when both are given. */
  dispatch(tenant: string, input: EventDto, headerKey: string | undefined): Promise<DispatchView> {
    if (headerKey === undefined) return this.dispatcher.dispatchInput(input, { tenant });
    const idempotencyKey = checkIdempotencyKey(headerKey);
    if ((input.idempotencyKey ?? headerKey) !== headerKey) throw new IdempotencyKeysDifferError();
    return this.dispatcher.dispatchInput({ ...input, idempotencyKey }, { tenant });
  }

  async dispatchMany(
    tenant: string,
    inputs: readonly unknown[],
    request: IdempotentRequest | undefined,
  ): Promise<EventBatchAnswer> {
    const events = inputs.map((input) =>
      typeof input === 'object' && input !== null ? (input as EventDto) : { event: input, data: undefined },
    );
    if (!request) return answerOf(await this.dispatcher.dispatchMany(events, tenant));
    // Stored as all events are, on a connection of the workers: the index that finds subscribers cannot serve a policy.
    return this.dispatcher.dispatchManyWithin(events, tenant, (store) =>
      this.database.transactionOf(tenant, (executor) =>
        this.ledger.once(executor, request, async () => answerOf(await store(executor))),
      ),
    );
  }

  async list(tenantId: string, { limit, cursor, event, since, until }: EventQuery): Promise<Page<EventView>> {
    const filter = { event, since: momentOf(since), until: momentOf(until), beforeId: cursorId(cursor) };
    const { rows, lookedTo } = await this.log.findNewest(tenantId, filter, limit + 1);
    const { data, nextCursor } = pageOf(rows, limit, ({ id }) => id, lookedTo);
    return { data: data.map(viewOfEvent), nextCursor };
  }

  /** @throws NotFoundError when the tenant has no such event. */
  async get(tenantId: string, id: string): Promise<EventDetailView> {
    const event = await this.stored(tenantId, id);
    const [{ data: deliveries, nextCursor }, webhooks] = await Promise.all([
      this.pageOfDeliveries(event, { limit: MAX_PAGE_SIZE }),
      this.explanations.of(event, { limit: DEFAULT_PAGE_SIZE }),
    ]);
    return { ...viewOfEvent(event), deliveries: deliveries.reverse(), deliveriesCursor: nextCursor, webhooks };
  }

  /** The deliveries of an event, newest first. @throws NotFoundError when the tenant has no such event. */
  async deliveries(tenantId: string, id: string, query: PageQuery): Promise<Page<DeliveryView>> {
    return this.pageOfDeliveries(await this.stored(tenantId, id), query);
  }

  private async pageOfDeliveries(
    { tenantId, id }: StoredEvent,
    { limit, cursor }: PageQuery,
  ): Promise<Page<DeliveryView>> {
    const found = await this.log.findDeliveries(tenantId, id, limit + 1, cursorId(cursor));
    const { data, nextCursor } = pageOf(found, limit, (delivery) => delivery.id);
    return { data: data.map(viewOfDelivery), nextCursor };
  }

  /** Why each webhook got an event, or why not. @throws NotFoundError when the tenant has no such event. */
  async explain(tenantId: string, id: string, query: PageQuery): Promise<Page<WebhookExplanation>> {
    return this.explanations.of(await this.stored(tenantId, id), query);
  }

  private async stored(tenantId: string, id: string): Promise<StoredEvent> {
    const event = isId(id) ? await this.log.findOne(tenantId, id) : null;
    if (!event) throw new NotFoundError('event');
    return event;
  }

  /** Erases an event's payload; its log stays. @throws NotFoundError when the tenant has no such event. */
  async eraseData(tenantId: string, id: string, author?: Author): Promise<void> {
    const record = (executor: SqlExecutor): Promise<void> =>
      this.audit.record(executor, author, { action: 'event.data_erased', resource: id });
    if (!isId(id) || !(await this.erasure.erase(tenantId, id, record))) throw new NotFoundError('event');
  }
}

const answerOf = (answers: readonly (DispatchView | PosthornError)[]): EventBatchAnswer => ({
  results: answers.map((answer) =>
    answer instanceof PosthornError
      ? { error: answer.message, code: answer.code, ...(answer.details && { details: answer.details }) }
      : { ...answer },
  ),
});

const viewOfEvent = (event: StoredEvent): EventView => ({
  id: event.id,
  event: event.type,
  data: event.dataErasedAt ? null : (JSON.parse(event.data.toString()) as object),
  dataErasedAt: event.dataErasedAt,
  timestamp: event.occurredAt,
  idempotencyKey: event.idempotencyKey,
  orderingKey: event.orderingKey,
  tags: event.tags ?? [],
});
