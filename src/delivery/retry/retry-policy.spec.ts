import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyFailureContract, attempts, deliveries, dice } from '../../../test/contracts/retry-policy.contract.js';
import { parseRetriedStatuses } from '../../kernel/retried-statuses.js';
import { MAX_RETRY_AFTER_MS } from '../../kernel/retry-schedule.js';
import { outcomeOfStatus } from '../transport/outcome.js';
import { DefaultRetryPolicy } from './retry-policy.js';
import type { FailedAttempt, FailedDelivery, RetryVerdict, SendingPolicy } from './retry-policy.js';

const policy = new DefaultRetryPolicy();
const middle = (): number => 0.5;

const delivery = (retriesUsed: number, rules: readonly string[], own: Partial<SendingPolicy> = {}): FailedDelivery => ({
  id: 'd',
  tenantId: 'default',
  webhookId: 'w',
  eventId: 'e',
  eventType: 'order.completed',
  occurredAt: new Date(0),
  attempt: retriesUsed + 1,
  retriesUsed,
  policy: {
    schedule: [1_000, 5_000],
    jitter: 0.2,
    retriedStatuses: parseRetriedStatuses(rules) as ReadonlySet<number>,
    autoDisable: false,
    ...own,
  },
});
const judged = (attempt: Partial<FailedAttempt>, retriesUsed = 0, rules = ['default']): RetryVerdict =>
  policy.decide({ outcome: 'timeout', durationMs: 5, ...attempt }, delivery(retriesUsed, rules), middle);
const answered = (httpStatus: number, retriesUsed = 0, rules?: string[]): RetryVerdict =>
  judged({ outcome: outcomeOfStatus(httpStatus) as FailedAttempt['outcome'], httpStatus }, retriesUsed, rules);

anyFailureContract('of Posthorn', () => new DefaultRetryPolicy());

describe('an attempt', () => {
  it.each([200, 201, 202, 204, 206, 299])('answered %d is a success, about which no policy is asked', (status) =>
    expect(outcomeOfStatus(status)).toBe('success'),
  );

  it.each([400, 401, 403, 404, 406, 413, 415, 421, 422, 451, 499])('answered %d is final', (status) =>
    expect(answered(status)).toEqual({ status: 'client_error' }),
  );

  it('answered 410 is final, and says that the webhook is gone', () =>
    expect(answered(410)).toEqual({ status: 'client_error', gone: true }));

  it.each([300, 301, 302, 304, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599, 600, 999])(
    'answered %d is tried again',
    (status) => {
      expect(answered(status)).toEqual({ status: 'retrying', waitMs: 1_000 });
      expect(answered(status, 1)).toEqual({ status: 'retrying', waitMs: 5_000 });
      expect(answered(status, 2)).toEqual({ status: 'failed', reason: 'attempts_exhausted' });
    },
  );

  it.each(['timeout', 'dns_error', 'connection_error', 'tls_error', 'protocol_error'] as const)(
    'that ended in %s is tried again, whatever statuses are listed',
    (outcome) => expect(judged({ outcome }, 0, [])).toMatchObject({ status: 'retrying' }),
  );

  it('refused by the egress policy is final: no later attempt may go there either', () =>
    expect(judged({ outcome: 'egress_denied' })).toEqual({ status: 'failed', reason: 'egress_denied' }));

  it('waits as long as the receiver asks, and no shorter than the schedule', () => {
    const asked = (retryAfterMs: number): RetryVerdict =>
      judged({ outcome: 'server_error', httpStatus: 503, retryAfterMs });
    expect(asked(60_000)).toEqual({ status: 'retrying', waitMs: 60_000 });
    expect(asked(1)).toEqual({ status: 'retrying', waitMs: 1_000 });
  });

  it('is never tried again by an empty schedule', () =>
    expect(
      policy.decide({ outcome: 'timeout', durationMs: 5 }, delivery(0, ['default'], { schedule: [] }), middle),
    ).toMatchObject({ status: 'failed' }));
});

describe('a list of retried statuses', () => {
  it('replaces the default list: what it names is tried again, all else is final', () => {
    const rules = ['404', '5xx'];
    expect(answered(404, 0, rules)).toMatchObject({ status: 'retrying' });
    expect(answered(404, 2, rules)).toEqual({ status: 'failed', reason: 'attempts_exhausted' });
    expect(answered(500, 0, rules)).toMatchObject({ status: 'retrying' });
    expect(answered(429, 0, rules)).toEqual({ status: 'client_error' });
    expect(answered(302, 0, rules)).toEqual({ status: 'failed', reason: 'status_not_retried' });
    expect(answered(501, 0, ['default', '!501'])).toEqual({ status: 'failed', reason: 'status_not_retried' });
  });

  it('that names 410 itself takes away its meaning, and a class does not', () => {
    expect(answered(410, 0, ['4xx'])).toEqual({ status: 'client_error', gone: true });
    expect(answered(410, 0, ['410'])).toMatchObject({ status: 'retrying' });
    expect(answered(410, 2, ['410'])).toEqual({ status: 'failed', reason: 'attempts_exhausted' });
  });
});

describe('the policy of any webhook', () => {
  const everRetried = attempts.filter(({ outcome }) => outcome !== 'egress_denied');

  it('gives as many attempts as its schedule has waits, and one, whatever the receiver asks for', () => {
    fc.assert(
      fc.property(everRetried, deliveries, dice, (attempt, { policy: rules, ...facts }, roll) => {
        const isListed = attempt.httpStatus === undefined || rules.retriedStatuses.has(attempt.httpStatus);
        const verdicts: RetryVerdict[] = [];
        do {
          const retriesUsed = verdicts.length;
          verdicts.push(policy.decide(attempt, { ...facts, retriesUsed, policy: rules }, () => roll));
        } while (verdicts.at(-1)?.status === 'retrying');
        expect(verdicts).toHaveLength(isListed ? rules.schedule.length + 1 : 1);
      }),
    );
  });

  it('waits within the jitter of the schedule and the ceiling, and longer only where the receiver asks', () => {
    fc.assert(
      fc.property(attempts, deliveries, dice, (attempt, facts, roll) => {
        const verdict = policy.decide(attempt, facts, () => roll);
        if (verdict.status !== 'retrying') return;
        const { schedule, jitter, maxWaitMs } = facts.policy;
        const base = schedule[facts.retriesUsed] as number;
        const ceiling = maxWaitMs ?? Number.POSITIVE_INFINITY;
        const asked = Math.min(attempt.retryAfterMs ?? 0, maxWaitMs ?? MAX_RETRY_AFTER_MS);
        expect(verdict.waitMs).toBeGreaterThanOrEqual(Math.min(Math.floor(base * (1 - jitter)), ceiling));
        expect(verdict.waitMs).toBeGreaterThanOrEqual(asked);
        expect(verdict.waitMs).toBeLessThanOrEqual(Math.max(Math.min(Math.ceil(base * (1 + jitter)), ceiling), asked));
        expect(verdict.waitMs).toBeLessThanOrEqual(Math.max(ceiling, asked));
      }),
    );
  });
});
