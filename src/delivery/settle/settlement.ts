// What an attempt came to, until it is written and once it is: the words in which sending, settling and health speak.
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import type { AttemptOutcome } from '../delivery-status.js';
import type { Verdict } from '../transport/outcome.js';

/** An attempt as it is written to the log. */
interface AttemptRecord {
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly outcome: AttemptOutcome;
  readonly httpStatus?: number;
  readonly error?: string;
  readonly url: string;
  /** As `SignedRequest.loggedHeaders`. */
  readonly requestHeaders: string;
  /** JSON, in which every character that PostgreSQL's text refuses is escaped. */
  readonly responseHeaders?: string;
  readonly responseBody?: Buffer;
  /** As `timingText` writes it. */
  readonly timing?: string;
}

/** One attempt, done and judged, waiting to be written. */
export interface Settlement {
  readonly delivery: ClaimedDelivery;
  readonly attempt: AttemptRecord;
  readonly verdict: Verdict;
  /** How long the receiver asked everything sent to it to wait, in milliseconds. */
  readonly pauseMs?: number;
  /** Nothing more of its webhook starts until this is written. */
  readonly holds: boolean;
  /** On the monotonic clock: past it, the lease is over and writing would change nothing. */
  readonly leaseEndsAt: number;
}

/** What a written batch did to a webhook's health. */
export interface HealthChange {
  readonly webhookId: string;
  readonly tenantId: string;
  /** Consecutive failed attempts so far, those of replays aside; 0: it has recovered, or only replays have failed. */
  readonly failures: number;
  /** How long it has only failed. */
  readonly failingMs: number;
  /** The warning last given, in percent of the auto-disable rule. */
  readonly warnedPercent: number;
  /** For how long nothing is sent to it; `undefined`: it does not pause. */
  readonly pausedMs?: number;
}
