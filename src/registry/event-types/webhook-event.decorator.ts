// Marks a class as the data of an event type. It only leaves a note; the catalogue reads it at start.
import 'reflect-metadata';

const EVENT = 'posthorn:webhook-event';

/** What the catalogue says of an event type besides its schema. */
export interface WebhookEventOptions {
  /** What has happened when such an event is sent. */
  readonly description?: string;
  /** Data of such an event; it meets the schema. */
  readonly example?: object;
  /** A text for people. */
  readonly version?: string;
  /** Shown as such; sent as before. @defaultValue false */
  readonly deprecated?: boolean;
  /** JSON Schema 2020-12, where the validators of the class do not say it. @defaultValue made from them */
  readonly schema?: object;
}

/** One `@WebhookEvent()`. */
interface EventDeclaration extends WebhookEventOptions {
  readonly name: string;
}

/**
 * Makes a class the data of an event type. Given to `PosthornModule` as one of its `eventTypes`, it stands in the catalogue, with a
 * schema that is made from its class-validator decorators; data that does not meet it is refused when it is dispatched.
 *
 * @example
 * \@WebhookEvent('order.completed', { description: 'An order is paid.' })
 * class OrderCompleted {
 *   \@IsString() orderId: string;
 *   \@IsOptional() \@IsInt() \@Min(0) points?: number;
 * }
 */
export const WebhookEvent =
  (name: string, options: WebhookEventOptions = {}): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata(EVENT, { ...options, name } satisfies EventDeclaration, target);

/** What the decorator of this very class says. */
export const declarationOf = (type: object): EventDeclaration | undefined =>
  Reflect.getOwnMetadata(EVENT, type) as EventDeclaration | undefined;
