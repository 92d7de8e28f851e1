// Marks the methods that handle received webhooks. It only leaves a note; the handler table reads it at start.
import 'reflect-metadata';
import type { Duration } from '../kernel/duration.js';
import type { ReceivedEvent } from './received-event.js';

const SUBSCRIPTIONS = 'posthorn:on-webhook';

/** What one `@OnWebhook()` says. */
export interface Subscription extends OnWebhookOptions<never> {
  readonly source: string;
  readonly pattern: string;
}

/** What a body held, as `JSON.parse` types it: where a handler says no shape, any member may be read. */
type ParsedJson = ReturnType<typeof JSON.parse>;

/** Options of `@OnWebhook()`. */
interface OnWebhookOptions<Data = unknown> {
  /**
   * The name under which the handler's runs are stored. Give one where the class or the method may be renamed: a run
   * that is not finished is found again by its name. @defaultValue `Class.method`
   */
  readonly name?: string;
  /**
   * The method's second argument is the `EntityManager` of a transaction in which the run is also marked succeeded: what
   * it does through that manager happens exactly once per event, crashes included; where the method throws, nothing of it
   * happened. Nothing else is covered: mails and requests may go out again.
   *
   * `true` takes the application's default data source, and where it has none Posthorn's own; a text is the name of a
   * data source. It must be PostgreSQL and the database that holds Posthorn's tables. A connection of its pool is taken
   * for as long as the method runs. @defaultValue false
   */
  readonly transactional?: boolean | string;
  /**
   * When the handler is tried again by us after it threw, each wait up to a fifth shorter or longer: a list such as
   * `['1m', '1h']`, at most 100 waits of at most 7 days; `[]` for never. @defaultValue `['10s', '1m', '10m', '1h', '6h']`
   */
  readonly retrySchedule?: readonly Duration[];
  /**
   * Of the events of a tenant for which this gives the same text or number, the handler runs for one at a time, over all
   * processes; `undefined` for those that need not wait. Not an order: one that failed does not hold up the next. An inline
   * source answers 409 where an event waits for more than 5 s, and it runs when its turn comes. What it throws counts as
   * the handler's failure.
   */
  readonly serialBy?: (event: ReceivedEvent<Data>) => string | number | null | undefined;
}

/**
 * Runs this method for the webhooks of a source. The class must be a provider or controller with singleton scope.
 *
 * Handlers of one event run one after another, all of them even if one throws. One that succeeded is not run again. One that
 * threw is tried again after 10 s, 1 m, 10 m, 1 h and 6 h, and whenever the sender sends the event again.
 *
 * Guards, interceptors and exception filters of the method and its class run around it, with the context type `posthorn`.
 *
 * @param source - The name of the source, of any tenant.
 * @param typePattern - A type, a prefix such as `invoice.*` (any depth below, not `invoice` itself), or `*`.
 * @example
 * \@OnWebhook('stripe', 'payment_intent.succeeded')
 * async onPaid(event: ReceivedEvent<StripePaymentIntent>): Promise<void> { … }
 * @typeParam Data - The shape of `data` in the options; without it, `serialBy` may read whatever it likes.
 * @example
 * \@OnWebhook('stripe', 'invoice.paid', { transactional: true })
 * async book(event: ReceivedEvent<StripeInvoice>, manager: EntityManager): Promise<void> {
 *   await manager.insert(Booking, { invoice: event.data.id });
 * }
 */
export const OnWebhook =
  <Data = ParsedJson>(source: string, typePattern: string, options: OnWebhookOptions<Data> = {}): MethodDecorator =>
  (_target, _key, descriptor) => {
    const method = descriptor.value as object;
    const subscription: Subscription = { ...options, source, pattern: typePattern };
    Reflect.defineMetadata(SUBSCRIPTIONS, [...subscriptionsOf(method), subscription], method);
  };

/** What a method was decorated with; nothing for any other. */
export function subscriptionsOf(method: object): readonly Subscription[] {
  return (Reflect.getOwnMetadata(SUBSCRIPTIONS, method) as readonly Subscription[] | undefined) ?? [];
}
