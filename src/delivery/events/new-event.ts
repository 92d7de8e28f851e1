/** An event that passed every check and is ready to be stored. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: Date;
  /** JSON text of `data`: these characters, as UTF-8, are what every attempt sends. */
  readonly data: string;
  readonly idempotencyKey?: string;
  /** What it is sent in order with, to ordered webhooks. */
  readonly orderingKey?: string;
  /** What filters may look at besides the data. */
  readonly tags?: readonly string[];
  /** Narrows the matching webhooks to these. */
  readonly webhookIds?: readonly string[];
  /** Its first attempts do not come before this moment. */
  readonly deliverAt?: Date;
  /** How long its deliveries are worth sending, in milliseconds; absent: as long as each webhook says. */
  readonly expiresAfterMs?: number;
  /** The span that dispatched it, which its attempts go on from. */
  readonly traceparent?: string;
}
