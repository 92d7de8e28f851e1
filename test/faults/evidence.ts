// What a scenario leaves behind for the checker: what was published, what arrived, and what the log says.

/** An event that the API has acknowledged. */
export interface Published {
  /** Our own number of it: part of its data, and its idempotency key. */
  readonly n: number;
  readonly id: string;
  /** Deliveries that the API has promised. */
  readonly deliveries: number;
}

/** A request as the receiver wrote it down. */
export interface Request {
  /** By the receiver's clock, in milliseconds. */
  readonly at: number;
  readonly path: string;
  readonly delivery: string;
  readonly attempt: number;
  readonly event: string;
  readonly n: number;
  /** Whether its signature fits its bytes. */
  readonly signed: boolean;
  /** What the sender's clock said, in milliseconds. */
  readonly sentAt: number;
  /** What it was answered with. */
  readonly answer: string;
}

/** A delivery as the API shows it. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly webhookId: string;
  /** The delivery that this one replays. */
  readonly replayOf: string | null;
  readonly status: string;
  readonly attemptCount: number;
  readonly attempts: readonly Attempt[];
}

export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly httpStatus: number | null;
}

export interface Evidence {
  readonly published: readonly Published[];
  readonly requests: readonly Request[];
  readonly deliveries: readonly Delivery[];
}

export const NOT_FINAL = ['pending', 'sending', 'retrying'] as const;
