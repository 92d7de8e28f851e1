// What an attempt means for its delivery. Pure: values in, a verdict out; every rule of the contract's "Sending" is here.
import { nextWait } from '../kernel/retry-schedule.js';
import type { RetrySchedule } from '../kernel/retry-schedule.js';
import type { AttemptOutcome, DeliveryStatus } from './delivery-status.js';

/** What came back from one request. */
export interface AttemptResult {
  readonly outcome: AttemptOutcome;
  readonly httpStatus?: number;
  /** How long the receiver asked us to wait, where it did and may. */
  readonly retryAfterMs?: number;
}

/** What becomes of the delivery. */
export interface Verdict {
  readonly status: Extract<DeliveryStatus, 'success' | 'client_error' | 'failed' | 'retrying'>;
  readonly reason?: string;
  /** Milliseconds until the next attempt; present exactly when the status is `retrying`. */
  readonly waitMs?: number;
  readonly retriesUsed: number;
  /** The receiver said that it is gone for good. */
  readonly gone?: true;
}

/** 4xx are the receiver's final word, except these, which say "not now". */
const RETRIED_CLIENT_ERRORS = new Set([408, 425, 429]);

/** Answers whose `Retry-After` counts. */
export const MAY_ASK_TO_WAIT = new Set([429, 503]);

const GONE = 410;

/** The outcome that an HTTP status stands for. Only 2xx is success; redirects are never followed. */
export function outcomeOfStatus(status: number): AttemptOutcome {
  if (status >= 200 && status < 300) return 'success';
  if (status >= 300 && status < 400) return 'redirect';
  if (status >= 400 && status < 500) return 'client_error';
  return 'server_error';
}

/** Judges an attempt by the schedule of its delivery. */
export function judge(
  result: AttemptResult,
  schedule: RetrySchedule,
  retriesUsed: number,
  random: () => number,
): Verdict {
  switch (result.outcome) {
    case 'success':
      return { status: 'success', retriesUsed };
    case 'client_error':
      if (result.httpStatus !== undefined && RETRIED_CLIENT_ERRORS.has(result.httpStatus)) break;
      return { status: 'client_error', retriesUsed, ...(result.httpStatus === GONE && { gone: true }) };
    case 'egress_denied':
      return { status: 'failed', reason: 'egress_denied', retriesUsed };
    case 'redirect':
    case 'server_error':
    case 'timeout':
    case 'dns_error':
    case 'connection_error':
    case 'tls_error':
    case 'protocol_error':
    case 'unknown_outcome':
      break;
  }
  const waitMs = nextWait(schedule, retriesUsed, result.retryAfterMs, random);
  if (waitMs === undefined) return { status: 'failed', reason: 'attempts_exhausted', retriesUsed };
  return { status: 'retrying', waitMs, retriesUsed: retriesUsed + 1 };
}
