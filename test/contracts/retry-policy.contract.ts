// What every retry policy must do, ours or a user's: call this inside a spec with a way to make one.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { outcomeOfStatus } from '../../src/delivery/outcome.js';
import { MAX_RETRIES_EVER, isVerdict } from '../../src/delivery/retry-judge.js';
import type { FailedAttempt, FailedDelivery, RetryPolicy } from '../../src/delivery/retry-policy.js';
import { parseRetriedStatuses } from '../../src/kernel/retried-statuses.js';

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

const silences = fc
  .constantFrom('timeout', 'dns_error', 'connection_error', 'tls_error', 'protocol_error', 'egress_denied')
  .map((outcome) => ({ outcome, durationMs: 10_000, error: 'CODE' }) as const);

/** Any attempt that may fail. */
export const attempts: fc.Arbitrary<FailedAttempt> = fc.oneof(answers, silences);

/** Any delivery that it may belong to, with any policy that webhook, tenant and installation may agree on. */
export const deliveries: fc.Arbitrary<FailedDelivery> = fc
  .record({
    schedule: fc.array(fc.integer({ min: 1, max: DAY_MS }), { maxLength: 12 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    maxWaitMs: fc.option(fc.integer({ min: 100, max: 7 * DAY_MS }), { nil: undefined }),
    rules: fc.constantFrom(['default'], [], ['404', '5xx'], ['default', '410', '!501'], ['4xx']),
    used: fc.nat({ max: 12 }),
  })
  .map(({ rules, used, ...waits }) => ({
    id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d',
    tenantId: 'default',
    webhookId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e',
    eventId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4f',
    eventType: 'order.completed',
    occurredAt: new Date(1_767_225_600_000),
    attempt: used + 1,
    retriesUsed: used,
    policy: { ...waits, retriedStatuses: parseRetriedStatuses(rules) as ReadonlySet<number>, autoDisable: false },
  }));

/** From 0 to below 1, like `Math.random`. */
export const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Registers the suite. */
export function retryPolicyContract(name: string, make: () => RetryPolicy): void {
  describe(`contract of the retry policy ${name}`, () => {
    it('has a verdict that can be carried out for every failed attempt, at once', () => {
      fc.assert(
        fc.property(attempts, deliveries, dice, (attempt, delivery, roll) => {
          const verdict: unknown = make().decide(attempt, delivery, () => roll);
          expect({ verdict, ok: isVerdict(verdict) }).toMatchObject({ ok: true });
        }),
      );
    });

    it('decides the same for the same attempt, delivery and dice', () => {
      const policy = make();
      fc.assert(
        fc.property(attempts, deliveries, dice, (attempt, delivery, roll) => {
          const decide = () => policy.decide(attempt, delivery, () => roll);
          expect(decide()).toEqual(decide());
        }),
      );
    });

    it('changes nothing of what it is given', () => {
      fc.assert(
        fc.property(attempts, deliveries, dice, (attempt, delivery, roll) => {
          const state = () => JSON.stringify([attempt, delivery, delivery.policy.retriedStatuses.size]);
          const before = state();
          make().decide(attempt, delivery, () => roll);
          expect(state()).toBe(before);
        }),
      );
    });

    it('comes to an end, whatever goes wrong every time', () => {
      fc.assert(
        fc.property(attempts, deliveries, dice, (attempt, delivery, roll) => {
          const policy = make();
          let used = 0;
          const decide = () =>
            policy.decide(attempt, { ...delivery, attempt: used + 1, retriesUsed: used }, () => roll);
          while (decide().status === 'retrying' && used <= MAX_RETRIES_EVER) used += 1;
          expect(used).toBeLessThan(MAX_RETRIES_EVER);
        }),
      );
    });
  });
}
