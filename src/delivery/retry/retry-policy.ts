// The seam where a team decides for itself what becomes of a delivery whose attempt failed, and what we decide. The
// injection token is the class itself.
import { Injectable } from '@nestjs/common';
import type { AutoDisableRule } from '../../kernel/auto-disable.js';
import { nextWait } from '../../kernel/retry-schedule.js';
import type { RetryWaits } from '../../kernel/retry-schedule.js';
import type { AttemptOutcome } from '../delivery-status.js';

/** How failures of a delivery are treated: its webhook's rules, else its tenant's, else the installation's, field by field. */
export interface SendingPolicy extends RetryWaits {
  /** HTTP statuses that are tried again; every other answer but 2xx is final. */
  readonly retriedStatuses: ReadonlySet<number>;
  /** When the webhook is disabled for only failing; `false`: never. */
  readonly autoDisable: AutoDisableRule | false;
}

/** An attempt that did not succeed. */
export interface FailedAttempt {
  /** What it came to, by kind. */
  readonly outcome: Exclude<AttemptOutcome, 'success'>;
  /** Absent where no status line came. */
  readonly httpStatus?: number;
  /** How long the receiver asked to be left alone, in milliseconds, where it answered 429 or 503; at most the ceiling. */
  readonly retryAfterMs?: number;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs: number;
  /** Why no answer came, as a code such as `ECONNREFUSED`; of a transformation, as a sentence. */
  readonly error?: string;
}

/** The delivery that an attempt belongs to. */
export interface FailedDelivery {
  readonly id: string;
  readonly tenantId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly eventType: string;
  /** When the event happened. */
  readonly occurredAt: Date;
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number;
  /** How many retries the delivery has had since it was made, or since someone last retried it by hand. */
  readonly retriesUsed: number;
  /** How its failures are treated, as webhook, tenant and installation say. */
  readonly policy: SendingPolicy;
}

/** What becomes of the delivery: another attempt, or one of two ends. */
export type RetryVerdict =
  | {
      readonly status: 'retrying';
      /** Milliseconds until the next attempt: from 0 to 604,800,000 (7 days). */
      readonly waitMs: number;
    }
  | {
      /** `client_error`: the receiver does not want it. `failed`: it should have worked; `posthorn.delivery.exhausted` is told. */
      readonly status: 'client_error' | 'failed';
      /** Shown in the log: snake_case, at most 64 characters. */
      readonly reason?: string;
      /** True disables the webhook, with the reason `gone`. */
      readonly gone?: boolean;
    };

/**
 * Decides what becomes of a delivery after a failed attempt. Successes are not asked about: 2xx is final, whoever decides.
 *
 * `decide` is called once per failed attempt, on the path of every delivery: it answers at once, from what it is given
 * and what it holds in memory, and changes nothing. What it may not answer (a promise, a wait that is no number, …) and
 * what it throws is logged, and {@link DefaultRetryPolicy} decides in its place. After 1,000 retries a delivery is
 * `failed` in any case, and no policy has it sent again after it expires, or where it may be sent at most once. A pause of the webhook (`Retry-After`, its circuit) is waited for whatever the verdict says.
 *
 * It is a singleton of your application: give `PosthornModule` the class, and it injects what the module's `imports` and
 * your global modules export.
 *
 * @example
 * class PatientPolicy extends DefaultRetryPolicy {
 *   override decide(attempt: FailedAttempt, delivery: FailedDelivery, random: () => number): RetryVerdict {
 *     const verdict = super.decide(attempt, delivery, random);
 *     const isDown = attempt.outcome === 'connection_error' && verdict.status === 'failed';
 *     return isDown && delivery.retriesUsed < 20 ? { status: 'retrying', waitMs: 3_600_000 } : verdict;
 *   }
 * }
 * PosthornModule.forRoot({ retryPolicy: PatientPolicy, … })
 */
export abstract class RetryPolicy {
  /**
   * What becomes of a delivery after one failed attempt.
   *
   * @param random - The dice: from 0 to below 1, like `Math.random`.
   */
  abstract decide(attempt: FailedAttempt, delivery: FailedDelivery, random: () => number): RetryVerdict;
}

const GONE = 410;

/**
 * What Posthorn decides. Final are answers that the sending policy does not list, and refusals of the egress policy; 410 says that
 * the receiver is gone. Everything else is tried again until the schedule is used up.
 */
@Injectable()
export class DefaultRetryPolicy extends RetryPolicy {
  decide(
    { outcome, httpStatus, retryAfterMs }: FailedAttempt,
    { retriesUsed, policy }: FailedDelivery,
    random: () => number,
  ): RetryVerdict {
    switch (outcome) {
      case 'egress_denied':
        // No later attempt may go there either.
        return { status: 'failed', reason: 'egress_denied' };
      case 'client_error':
        if (httpStatus !== undefined && policy.retriedStatuses.has(httpStatus)) break;
        return httpStatus === GONE ? { status: 'client_error', gone: true } : { status: 'client_error' };
      case 'redirect':
      case 'server_error':
        // Below 300 it is no answer that anyone could list.
        if (httpStatus === undefined || httpStatus < 300 || policy.retriedStatuses.has(httpStatus)) break;
        return { status: 'failed', reason: 'status_not_retried' };
      case 'timeout':
      case 'dns_error':
      case 'connection_error':
      case 'tls_error':
      case 'protocol_error':
      case 'transformation_error':
      case 'unknown_outcome':
        break;
    }
    const waitMs = nextWait(policy, retriesUsed, retryAfterMs, random);
    return waitMs === undefined ? { status: 'failed', reason: 'attempts_exhausted' } : { status: 'retrying', waitMs };
  }
}
