// The door for application code: one awaited call that stores an event and its deliveries, in the caller's own
// transaction where one is given. Nothing is sent from here: a committed row is.
import { Inject, Injectable } from '@nestjs/common';
import { DeliveryWake, EventIntake, EventStore, ScheduledDeliveries } from '../delivery/index.js';
import type { NewEvent } from '../delivery/index.js';
import type { Clock } from '../kernel/clock.js';
import { NotFoundError, PosthornError } from '../kernel/errors.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Database, executorOf, Gatherer, Hint, MAX_NAMES_OF_HINT } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { hashOf, IdempotencyLedger } from '../platform/idempotency/index.js';
import { activeTraceparent, inSpan } from '../platform/observability/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { Catalogue, DEFAULT_TENANT, isTenantId, TenantsService } from '../registry/index.js';
import type { DispatchOptions, DispatchResult } from './dispatch-options.js';
import { beginDispatch, traced } from './dispatch-span.js';
import { checkEvent, checkWritten } from './event-check.js';
import type { EventInput, WrittenEvent } from './event-check.js';
import { UnknownWebhookError } from './outbound.errors.js';
import type { EventData } from './posthorn-events.js';

/** The scope of idempotency keys of events, whichever door they came through. */
const KEY_SCOPE = 'POST /api/events';

/** For each event that was dispatched, in order. */
type DispatchAnswers = (DispatchResult | PosthornError)[];

interface EventOfTenant {
  readonly tenant: string;
  readonly event: NewEvent;
}

/**
 * Sends events, from application code: inject it. Durable once a call resolves, and delivered from then on by whichever process
 * delivers.
 *
 * @example
 * constructor(private readonly dispatcher: EventDispatcher) {}
 */
@Injectable()
export class EventDispatcher {
  private readonly gatherer: Gatherer<EventOfTenant, number>;

  constructor(
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly intake: EventIntake,
    private readonly ledger: IdempotencyLedger,
    private readonly wake: DeliveryWake,
    private readonly scheduled: ScheduledDeliveries,
    private readonly tenants: TenantsService,
    private readonly catalogue: Catalogue,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {
    this.gatherer = new Gatherer({
      lineOf: ({ tenant }) => tenant,
      keyOf: ({ event }) => event.id,
      bytesOf: ({ event }) => event.data.length,
      write: async (together) => {
        const pending = await intake.add(
          together[0]!.tenant,
          together.map(({ event }) => event),
        );
        return together.map(({ event }) => pending.get(event.id) ?? 0);
      },
    });
  }

  /**
   * Stores an event and one delivery for each webhook that subscribes to its type. Durable once it resolves (with `manager`
   * or `transaction`: once the caller's commits); delivered at least once from then on, unless a webhook says at most once.
   *
   * @param event - `[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*`, at most 128 characters; `posthorn.*` is reserved.
   * @param data - A JSON object, at most `MAX_EVENT_SIZE` bytes; serialised once, the same bytes on every attempt.
   * @throws PosthornError of kind `invalid`, `unprocessable` (the schema of its type), `too_large`, `not_found` (the tenant, or a webhook id) or `conflict` (the idempotency key).
   *   No refusal aborts the caller's transaction.
   * @example
   * await db.transaction(async (manager) => {
   *   const order = await manager.save(Order, draft);
   *   await dispatcher.dispatch('order.completed', { orderId: order.id }, { manager });
   * });
   */
  async dispatch<Type extends string>(
    event: Type,
    data: EventData<Type>,
    { tenant, manager, transaction, ...options }: DispatchOptions = {},
  ): Promise<DispatchResult> {
    return this.dispatchInput({ event, data, ...options }, { tenant, manager, transaction });
  }

  /** {@link dispatch} for input of unknown shape, such as a request's. */
  async dispatchInput(
    input: EventInput,
    where: Pick<DispatchOptions, 'tenant' | 'manager' | 'transaction'> = {},
  ): Promise<DispatchResult> {
    // Before anything is awaited: the data is that of this moment, however the caller's object changes afterwards.
    const checked = this.check(input);
    const span = beginDispatch([checked]);
    return inSpan(span, () => this.dispatchChecked(traced(checked, span), where));
  }

  private async dispatchChecked(
    checked: NewEvent,
    { tenant = DEFAULT_TENANT, manager, transaction }: Pick<DispatchOptions, 'tenant' | 'manager' | 'transaction'>,
  ): Promise<DispatchResult> {
    if (tenant !== DEFAULT_TENANT) await this.refuseUnknown(tenant);
    const refusal = this.catalogue.hasNothingAgainst(tenant, checked.type)
      ? undefined
      : await this.catalogue.refusalOf(tenant, await this.catalogue.typesOf(tenant), checked);
    if (refusal) throw refusal;
    const executor = transaction ?? (manager && (await executorOf(manager)));
    const due = new Hint(MAX_NAMES_OF_HINT);
    if (executor) {
      const result = await this.store(executor, tenant, checked, due);
      if (!due.isEmpty) await this.wake.onCommit(executor, due.names);
      return result;
    }
    const result = checked.idempotencyKey
      ? await this.database.transactionOf(tenant, (executor) => this.store(executor, tenant, checked, due))
      : await this.storeGathered(tenant, checked);
    if (!due.isEmpty) this.wake.everywhere(due.names);
    if (checked.deliverAt) this.remind([[checked, result]]);
    return result;
  }

  /**
   * Has an event stored by a transaction of ours, its data as it is written. Everything that can be refused is refused
   * before this returns; what it returns runs in the transaction.
   *
   * @throws InvalidEventTypeError, EventTooLargeError
   */
  prepareWritten(event: WrittenEvent, tenant: string): (executor: SqlExecutor) => Promise<void> {
    const checked = {
      ...checkWritten(event, this.clock(), this.settings.maxEventSize),
      traceparent: activeTraceparent(),
    };
    return async (executor) => {
      const due = new Hint(MAX_NAMES_OF_HINT);
      await this.store(executor, tenant, checked, due);
      if (!due.isEmpty) await this.wake.onCommit(executor, due.names);
    };
  }

  /**
   * Stores many events at once: the valid ones commit together, each refused one is answered with its error.
   *
   * @param executor - A transaction of ours, where they commit with more than themselves.
   * @returns an answer for each input, in order.
   */
  async dispatchMany(
    inputs: readonly EventInput[],
    tenant = DEFAULT_TENANT,
    executor?: SqlExecutor,
  ): Promise<DispatchAnswers> {
    return this.dispatchManyWithin(inputs, tenant, (store) => store(executor));
  }

  /**
   * The same in a transaction that `within` opens once all is judged that is asked on other connections: transactions that wait for
   * one more than they hold could take all that there are, and wait for each other.
   *
   * @internal
   */
  async dispatchManyWithin<Result>(
    inputs: readonly EventInput[],
    tenant: string,
    within: (store: (executor?: SqlExecutor) => Promise<DispatchAnswers>) => Promise<Result>,
  ): Promise<Result> {
    const wellFormed = inputs.map((input) => refusedAsValue(() => this.check(input)));
    const span = beginDispatch(wellFormed);
    const events = span ? wellFormed.map((event) => traced(event, span)) : wellFormed;
    return inSpan(span, async () => {
      if (tenant !== DEFAULT_TENANT) await this.refuseUnknown(tenant);
      const checked = await this.catalogue.judge(tenant, events);
      return within((executor) => this.storeAll(checked, tenant, executor));
    });
  }

  private async storeAll(
    checked: readonly (NewEvent | PosthornError)[],
    tenant: string,
    executor?: SqlExecutor,
  ): Promise<DispatchAnswers> {
    const due = new Hint(MAX_NAMES_OF_HINT);
    if (executor) {
      const answers = await this.storeMany(executor, tenant, checked, due);
      if (!due.isEmpty) await this.wake.onCommit(executor, due.names);
      return answers;
    }
    // Without keys there is one statement to run, and a statement is a transaction.
    const keyed = checked.some((event) => 'idempotencyKey' in event && event.idempotencyKey !== undefined);
    const answers = keyed
      ? await this.database.transactionOf(tenant, (executor) => this.storeMany(executor, tenant, checked, due))
      : await this.storeMany(this.database, tenant, checked, due, (events) =>
          this.database.share(tenant, () => this.intake.add(tenant, events)),
        );
    if (!due.isEmpty) this.wake.everywhere(due.names);
    this.remind(checked.map((event, index) => [event, answers[index] as DispatchResult | PosthornError]));
    return answers;
  }

  /** Sets the timers of what is committed and is to be delivered later. */
  private remind(stored: readonly [NewEvent | PosthornError, DispatchResult | PosthornError][]): void {
    this.scheduled.remind(
      stored.flatMap(([event, answer]) =>
        'deliverAt' in event && event.deliverAt && hasDeliveries(answer) ? [answer.id] : [],
      ),
    );
  }

  /** @throws NotFoundError; what is known is remembered for a second, so this is no round trip of its own. */
  private async refuseUnknown(tenant: string): Promise<void> {
    if (!isTenantId(tenant) || !(await this.tenants.exists(tenant))) throw new NotFoundError('tenant');
  }

  private check(input: EventInput): NewEvent {
    return checkEvent(input, this.clock(), this.settings);
  }

  /** Where neither a caller's transaction nor a key needs a statement of its own, events share one. */
  private async storeGathered(tenant: string, event: NewEvent): Promise<DispatchResult> {
    if (event.webhookIds) await this.refuseUnknownWebhooks(this.database, tenant, event.webhookIds);
    return { id: event.id, event: event.type, deliveries: await this.gatherer.add({ tenant, event }) };
  }

  /** @throws UnknownWebhookError */
  private async refuseUnknownWebhooks(
    executor: SqlExecutor,
    tenant: string,
    webhookIds: readonly string[],
  ): Promise<void> {
    if ((await this.events.unknownWebhooks(tenant, webhookIds, executor)).length > 0) throw new UnknownWebhookError();
  }

  /** @param due - Is told of the webhooks that something becomes due for once it commits. */
  private async store(executor: SqlExecutor, tenant: string, event: NewEvent, due: Hint): Promise<DispatchResult> {
    if (event.webhookIds) await this.refuseUnknownWebhooks(executor, tenant, event.webhookIds);
    const add = async (): Promise<DispatchResult> => answerOf(event, await this.add(executor, tenant, [event], due));
    if (event.idempotencyKey === undefined) return add();
    const { type, data, webhookIds, deliverAt, expiresAfterMs, orderingKey, tags } = event;
    // Events without options have the content that they had before there were any: keys outlive an update.
    const options = (deliverAt ?? expiresAfterMs ?? orderingKey) ? [deliverAt, expiresAfterMs, orderingKey] : [];
    const tagged = tags ? [{ tags }] : [];
    const hash = hashOf(JSON.stringify([type, data, webhookIds, ...options, ...tagged]));
    const request = { tenantId: tenant, scope: KEY_SCOPE, key: event.idempotencyKey, hashes: [hash] } as const;
    return this.ledger.once(executor, request, add);
  }

  private async add(
    executor: SqlExecutor,
    tenant: string,
    events: readonly NewEvent[],
    due: Hint,
  ): Promise<ReadonlyMap<string, number>> {
    const { deliveries, dueFor } = await this.events.add(executor, tenant, events);
    due.add(dueFor);
    return deliveries;
  }

  private async storeMany(
    executor: SqlExecutor,
    tenant: string,
    checked: readonly (NewEvent | PosthornError)[],
    due: Hint,
    add = (events: readonly NewEvent[]): Promise<ReadonlyMap<string, number>> =>
      this.add(executor, tenant, events, due),
  ): Promise<(DispatchResult | PosthornError)[]> {
    const answers = new Map<NewEvent, DispatchResult | PosthornError>();
    const events = checked.filter((event): event is NewEvent => !(event instanceof PosthornError));
    const unknown = new Set(await this.unknownWebhooks(executor, tenant, events));
    const known: NewEvent[] = [];
    for (const event of events) {
      if (event.webhookIds?.some((id) => unknown.has(id))) answers.set(event, new UnknownWebhookError());
      else known.push(event);
    }
    const plain = known.filter(({ idempotencyKey }) => idempotencyKey === undefined);
    if (plain.length > 0) {
      const pending = await add(plain);
      for (const event of plain) answers.set(event, answerOf(event, pending));
    }
    // In the order of their keys: two batches with the same keys wait for each other, but never in a circle.
    const keyed = known.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
    keyed.sort((a, b) => (String(a.idempotencyKey) < String(b.idempotencyKey) ? -1 : 1));
    for (const event of keyed) {
      answers.set(
        event,
        await this.store(executor, tenant, event, due).catch((error: unknown) => refusalOrThrow(error)),
      );
    }
    return checked.map((event) => (event instanceof PosthornError ? event : (answers.get(event) as DispatchResult)));
  }

  private async unknownWebhooks(executor: SqlExecutor, tenant: string, events: readonly NewEvent[]): Promise<string[]> {
    const ids = [...new Set(events.flatMap(({ webhookIds }) => webhookIds ?? []))];
    return ids.length === 0 ? [] : this.events.unknownWebhooks(tenant, ids, executor);
  }
}

const answerOf = (event: NewEvent, pending: ReadonlyMap<string, number>): DispatchResult => ({
  id: event.id,
  event: event.type,
  deliveries: pending.get(event.id) ?? 0,
});

const hasDeliveries = (answer: DispatchResult | PosthornError): answer is DispatchResult =>
  'deliveries' in answer && answer.deliveries > 0;

function refusedAsValue<Value>(work: () => Value): Value | PosthornError {
  try {
    return work();
  } catch (error) {
    return refusalOrThrow(error);
  }
}

function refusalOrThrow(error: unknown): PosthornError {
  if (error instanceof PosthornError) return error;
  throw error;
}
