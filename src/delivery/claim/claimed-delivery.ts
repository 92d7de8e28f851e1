import type { WebhookTarget } from './webhook-targets.js';

/** A delivery that is ours to send until its lease ends. */
export interface ClaimedDelivery extends WebhookTarget {
  readonly id: string;
  readonly tenantId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredAt: Date;
  readonly webhookId: string;
  /** How long it was still worth sending at the moment of the claim, in milliseconds; `Infinity`: for ever. */
  readonly expiresInMs: number;
  /** The number of this attempt, and the fencing token of its outcome. */
  readonly number: number;
  readonly retriesUsed: number;
  /** What is sent in the place of its event is stored. */
  readonly isTransformed: boolean;
  /** The circuit of its webhook is open: what comes of it tells whether more may be sent. */
  readonly isProbe: boolean;
  /** The span that dispatched its event; `null` where nobody traced that. */
  readonly traceparent: string | null;
}
