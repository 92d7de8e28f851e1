/**
 * The events that an application dispatches, by type. Augment it, and `dispatch` checks type and data.
 *
 * @example
 * declare module 'posthorn' {
 *   interface PosthornEvents {
 *     'order.completed': { orderId: string };
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- empty until an application augments it
export interface PosthornEvents {}

/** The data that goes with an event type: what {@link PosthornEvents} says, or any object for a type it does not name. */
export type EventData<Type extends string> = Type extends keyof PosthornEvents ? PosthornEvents[Type] : object;
