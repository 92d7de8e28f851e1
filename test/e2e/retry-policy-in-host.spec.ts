// A retry policy of the host's own decides what a failed attempt means; where it is broken, the default does, and no delivery
// is lost.
import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { DefaultRetryPolicy, RetryPolicy } from '../../src/index.js';
import type { FailedAttempt, FailedDelivery, RetryVerdict } from '../../src/index.js';
import { retryPolicyContract } from '../../src/testing/index.js';
import { ExtendedHost, Plans, PlansModule } from './extended-host.harness.js';

/** Free customers get one attempt; the rest is broken in every way that a policy can be. */
@Injectable()
class PlanPolicy extends DefaultRetryPolicy {
  constructor(private readonly plans: Plans) {
    super();
  }

  override decide(attempt: FailedAttempt, delivery: FailedDelivery, random: () => number): RetryVerdict {
    switch (delivery.eventType) {
      case 'broken.throws':
        throw new Error('no such plan');
      case 'broken.nan':
        return { status: 'retrying', waitMs: Number.NaN };
      case 'broken.negative':
        return { status: 'retrying', waitMs: -1 };
      case 'broken.endless':
        return { status: 'retrying', waitMs: Number.POSITIVE_INFINITY };
      case 'broken.success':
        return { status: 'success' } as unknown as RetryVerdict;
      case 'broken.reason':
        return { status: 'failed', reason: 'Not a reason\0' };
      case 'broken.promise':
        return Promise.resolve({ status: 'failed' }) as unknown as RetryVerdict;
      case 'broken.nothing':
        return undefined as unknown as RetryVerdict;
    }
    if (this.plans.isFree(delivery.eventType)) return { status: 'failed', reason: 'free_plan' };
    // 404 is retried whatever the sending policy says.
    if (attempt.httpStatus === 404 && delivery.retriesUsed < 4) return { status: 'retrying', waitMs: 1 };
    return super.decide(attempt, delivery, random);
  }
}

const host = ExtendedHost.forTests({ imports: [PlansModule], retryPolicy: PlanPolicy });

describe('a retry policy of the host', () => {
  it('decides, and injects what the host’s modules export', async () => {
    expect(await host.outcomeOf('free.order', 500)).toMatchObject({
      status: 'failed',
      reason: 'free_plan',
      attemptCount: 1,
    });
    expect(await host.outcomeOf('paid.order', 404)).toMatchObject({ status: 'client_error', attemptCount: 5 });
    expect(await host.outcomeOf('paid.bill', 500)).toMatchObject({ reason: 'attempts_exhausted', attemptCount: 3 });
  });

  it('is not asked about successes', async () =>
    expect(await host.outcomeOf('broken.throws', 204)).toMatchObject({ status: 'success', attemptCount: 1 }));

  it.each(['throws', 'nan', 'negative', 'endless', 'success', 'reason', 'promise', 'nothing'])(
    'that is broken loses no delivery: the default decides (%s)',
    async (how) => {
      const delivery = await host.outcomeOf(`broken.${how}`, 500);
      expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 3 });
      expect(host.errors.filter((error) => error.includes('The retry policy failed')).length).toBeGreaterThan(0);
    },
  );

  it('RetryPolicy is the token that the host’s class stands behind', () =>
    expect(host.app.get(RetryPolicy as unknown as typeof PlanPolicy, { strict: false })).toBeInstanceOf(PlanPolicy));

  for (const { name, run } of retryPolicyContract(() => new PlanPolicy(new Plans()))) it(name, run);
});
