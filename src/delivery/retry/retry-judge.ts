// Asks the retry policy, which may be anybody's code, and takes only answers that can be carried out: whatever it does,
// the delivery goes on.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { MAX_RETRY_WAIT_MS } from '../../kernel/retry-schedule.js';
import { SparingLog } from '../../platform/observability/index.js';
import { RANDOM_TOKEN } from '../../platform/platform.module.js';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import type { AttemptResult, Verdict } from '../transport/outcome.js';
import { DefaultRetryPolicy, RetryPolicy } from './retry-policy.js';
import type { FailedAttempt, FailedDelivery, RetryVerdict } from './retry-policy.js';

/** No delivery is retried more often, whatever a policy says: `retries_used` is a small integer, and patience must end. */
export const MAX_RETRIES_EVER = 1_000;

@Injectable()
export class RetryJudge {
  private readonly logger = new Logger('RetryPolicy');
  private readonly fallback = new DefaultRetryPolicy();
  /** Of one kind, whatever it says: a policy that is wrong is wrong at every attempt. */
  private readonly failing = new SparingLog((line) => this.logger.error(line));

  constructor(
    private readonly policy: RetryPolicy,
    @Inject(RANDOM_TOKEN) private readonly random: () => number,
  ) {}

  /**
   * @param leftMs - How long the delivery is still worth sending; no retry is planned beyond it.
   */
  judge(result: AttemptResult, delivery: ClaimedDelivery, leftMs = Infinity): Verdict {
    const { retriesUsed } = delivery;
    const { outcome, httpStatus, retryAfterMs, durationMs, error } = result;
    if (outcome === 'success') return { status: 'success', retriesUsed };
    const verdict = this.decide({ outcome, httpStatus, retryAfterMs, durationMs, error }, factsOf(delivery));
    if (verdict.status !== 'retrying') {
      const { status, reason, gone } = verdict;
      return { status, reason, retriesUsed, gone };
    }
    // Whatever came of it: the receiver may have acted on it.
    if (delivery.guarantee === 'at-most-once' && result.sent)
      return { status: 'failed', reason: 'at_most_once', retriesUsed };
    if (retriesUsed >= MAX_RETRIES_EVER) return { status: 'failed', reason: 'attempts_exhausted', retriesUsed };
    if (verdict.waitMs >= leftMs) return { status: 'expired', reason: 'too_late', retriesUsed };
    return { status: 'retrying', waitMs: verdict.waitMs, retriesUsed: retriesUsed + 1 };
  }

  private decide(attempt: FailedAttempt, delivery: FailedDelivery): RetryVerdict {
    let problem: string;
    try {
      const verdict: unknown = this.policy.decide(attempt, delivery, this.random);
      if (isVerdict(verdict)) return verdict;
      problem = verdict instanceof Promise ? 'it answered a promise' : 'its answer is no verdict';
    } catch (error) {
      problem = error instanceof Error ? error.message : 'it threw what is no error';
    }
    this.failing.note(
      '',
      () => `The retry policy failed, the default decides in its place, as for delivery ${delivery.id}: ${problem}`,
    );
    return this.fallback.decide(attempt, delivery, this.random);
  }
}

const factsOf = (delivery: ClaimedDelivery): FailedDelivery => ({
  id: delivery.id,
  tenantId: delivery.tenantId,
  webhookId: delivery.webhookId,
  eventId: delivery.eventId,
  eventType: delivery.eventType,
  occurredAt: delivery.occurredAt,
  attempt: delivery.number,
  retriesUsed: delivery.retriesUsed,
  policy: delivery.policy,
});

/** Whether an answer of a policy can be carried out. */
export function isVerdict(value: unknown): value is RetryVerdict {
  if (typeof value !== 'object' || value === null) return false;
  const { status, waitMs, reason, gone } = value as Record<string, unknown>;
  if (status === 'retrying') return typeof waitMs === 'number' && waitMs >= 0 && waitMs <= MAX_RETRY_WAIT_MS;
  return (
    (status === 'client_error' || status === 'failed') &&
    (reason === undefined || (typeof reason === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(reason))) &&
    (gone === undefined || typeof gone === 'boolean')
  );
}
