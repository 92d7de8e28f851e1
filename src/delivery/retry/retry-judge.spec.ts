import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import { MAX_RETRIES_EVER, RetryJudge } from './retry-judge.js';
import { RetryPolicy } from './retry-policy.js';
import type { RetryVerdict } from './retry-policy.js';

class Stubborn extends RetryPolicy {
  decide(): RetryVerdict {
    return { status: 'retrying', waitMs: 0 };
  }
}

const delivery = (retriesUsed: number): ClaimedDelivery => ({
  id: 'd',
  tenantId: 'default',
  eventId: 'e',
  eventType: 'order.completed',
  occurredAt: new Date(0),
  webhookId: 'w',
  url: 'https://shop.example/hooks',
  format: 'native',
  headersBox: null,
  authenticationBox: null,
  timeoutMs: 10_000,
  guarantee: 'at-least-once',
  paced: false,
  expiresInMs: Infinity,
  policy: { schedule: [], jitter: 0, retriedStatuses: new Set([500]), autoDisable: false },
  secretIds: [],
  number: retriesUsed + 1,
  retriesUsed,
  transformation: null,
  isTransformed: false,
  isProbe: false,
  traceparent: null,
});

describe('the judge of attempts', () => {
  const judge = new RetryJudge(new Stubborn(), () => 0.5);
  const failed = { outcome: 'server_error', httpStatus: 500, durationMs: 1, sent: true } as const;

  it('lets a policy retry beyond the schedule, and counts it', () =>
    expect(judge.judge(failed, delivery(7))).toMatchObject({ status: 'retrying', waitMs: 0, retriesUsed: 8 }));

  it('ends what a policy would retry for ever', () => {
    expect(judge.judge(failed, delivery(MAX_RETRIES_EVER - 1))).toMatchObject({ status: 'retrying' });
    expect(judge.judge(failed, delivery(MAX_RETRIES_EVER))).toMatchObject({
      status: 'failed',
      reason: 'attempts_exhausted',
      retriesUsed: MAX_RETRIES_EVER,
    });
  });

  it('goes on without a policy that fails, and says so once', () => {
    class Broken extends RetryPolicy {
      decide(): RetryVerdict {
        throw new Error('it divides by zero');
      }
    }
    const said = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const broken = new RetryJudge(new Broken(), () => 0.5);
    for (let attempt = 0; attempt < 20; attempt += 1)
      expect(broken.judge(failed, delivery(0))).toMatchObject({ status: 'failed', reason: 'attempts_exhausted' });
    expect(said.mock.calls.map(([line]) => line as string)).toEqual([expect.stringContaining('it divides by zero')]);
    said.mockRestore();
  });

  it('asks nobody about a success', () =>
    expect(judge.judge({ outcome: 'success', httpStatus: 204, durationMs: 1, sent: true }, delivery(2))).toEqual({
      status: 'success',
      retriesUsed: 2,
    }));
});
