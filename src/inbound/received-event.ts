// What a handler is given.

/**
 * A webhook that was verified and stored, as handlers see it.
 *
 * @typeParam T - The shape of `data`. It is the sender's promise, not checked at run time.
 */
export interface ReceivedEvent<T = unknown> {
  /** Our id of the stored event (UUIDv7). */
  readonly id: string;
  /** The name of the source it came to. */
  readonly source: string;
  /** What happened, in the sender's words: `payment_intent.succeeded`, `pull_request.opened`. */
  readonly type: string;
  /** The parsed body, shared by all handlers of the event: treat it as read-only. */
  readonly data: T;
  /** The request's headers, names in lower case; signatures and credentials are masked. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it happened, where the sender says it. */
  readonly occurredAt: Date | undefined;
  /** When it came here. */
  readonly receivedAt: Date;
  /** How many times this handler was started for this event, this time included: 1 at first. */
  readonly attempt: number;
  /** Whether this handler was started for this event before: what it did then may have had its effect. */
  readonly deliveredBefore: boolean;
  /** The id of the tenant whose source it is. */
  readonly tenant: string;
}
