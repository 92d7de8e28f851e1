// What every retry policy must do, tried with any failure that there may be: call this inside a spec with a way to make one.
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { outcomeOfStatus } from '../../src/delivery/transport/outcome.js';
import type { FailedAttempt, FailedDelivery, RetryPolicy } from '../../src/delivery/retry/retry-policy.js';
import { failedDelivery, RETRY_POLICY_RULES, SILENCES, STATUS_RULES } from '../../src/testing/contract/retry-policy.js';

const DAY_MS = 86_400_000;

const answers = fc
  .record({
    httpStatus: fc.integer({ min: 300, max: 999 }),
    retryAfterMs: fc.option(fc.nat({ max: DAY_MS }), { nil: undefined }),
  })
  .map(({ httpStatus, retryAfterMs }) => ({
    outcome: outcomeOfStatus(httpStatus) as FailedAttempt['outcome'],
    httpStatus,
    retryAfterMs: httpStatus === 429 || httpStatus === 503 ? retryAfterMs : undefined,
    durationMs: 12,
  }));

/** Any attempt that may fail. */
export const attempts: fc.Arbitrary<FailedAttempt> = fc.oneof(answers, fc.constantFrom(...SILENCES));

/** Any delivery that it may belong to, with any policy that webhook, tenant and installation may agree on. */
export const deliveries: fc.Arbitrary<FailedDelivery> = fc
  .record({
    schedule: fc.array(fc.integer({ min: 1, max: DAY_MS }), { maxLength: 12 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    maxWaitMs: fc.option(fc.integer({ min: 100, max: 7 * DAY_MS }), { nil: undefined }),
    rules: fc.constantFrom(...STATUS_RULES),
    used: fc.nat({ max: 12 }),
  })
  .map(({ rules, used, ...waits }) => failedDelivery(waits, rules, used));

/** From 0 to below 1, like `Math.random`. */
export const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Registers the suite. */
export function anyFailureContract(name: string, make: () => RetryPolicy): void {
  describe(`contract of the retry policy ${name}`, () => {
    it.each(Object.entries(RETRY_POLICY_RULES))('%s', (_, holds) => {
      const policy = make();
      fc.assert(
        fc.property(attempts, deliveries, dice, (attempt, delivery, roll) =>
          holds(policy, { attempt, delivery, roll }),
        ),
      );
    });
  });
}
