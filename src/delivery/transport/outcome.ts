// What one request came to, and what becomes of its delivery: the values that sending, judging and settling share.
import type { AttemptOutcome, DeliveryStatus } from '../delivery-status.js';

/** What came back from one request. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  readonly httpStatus?: number;
  /** How long the receiver asked us to wait, where it did and may. */
  readonly retryAfterMs?: number;
  readonly durationMs: number;
  /** A code, where there was no answer. */
  readonly error?: string;
  /** False only where surely no byte of the request was sent. */
  readonly sent: boolean;
}

/** What becomes of the delivery. */
export interface Verdict {
  readonly status: Extract<DeliveryStatus, 'success' | 'client_error' | 'failed' | 'retrying' | 'expired'>;
  readonly reason?: string;
  /** Milliseconds until the next attempt; present exactly when the status is `retrying`. */
  readonly waitMs?: number;
  readonly retriesUsed: number;
  /** The receiver said that it is gone for good. */
  readonly gone?: boolean;
}

/** Answers whose `Retry-After` counts. */
export const MAY_ASK_TO_WAIT = new Set([429, 503]);

/** The outcome that an HTTP status stands for. Only 2xx is success; redirects are never followed. */
export function outcomeOfStatus(status: number): AttemptOutcome {
  if (status >= 200 && status < 300) return 'success';
  if (status >= 300 && status < 400) return 'redirect';
  if (status >= 400 && status < 500) return 'client_error';
  return 'server_error';
}
