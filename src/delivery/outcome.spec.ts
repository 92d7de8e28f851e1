import { describe, expect, it } from '@jest/globals';
import { judge, outcomeOfStatus } from './outcome.js';
import type { AttemptResult } from './outcome.js';

const SCHEDULE = [1_000, 5_000];
const middle = (): number => 0.5;
const judged = (result: AttemptResult, retriesUsed = 0): ReturnType<typeof judge> =>
  judge(result, SCHEDULE, retriesUsed, middle);
const answered = (httpStatus: number, retriesUsed = 0): ReturnType<typeof judge> =>
  judged({ outcome: outcomeOfStatus(httpStatus), httpStatus }, retriesUsed);

describe('an attempt', () => {
  it.each([200, 201, 202, 204, 206, 299])('answered %d is a success', (status) =>
    expect(answered(status)).toEqual({ status: 'success', retriesUsed: 0 }),
  );

  it.each([400, 401, 403, 404, 406, 413, 415, 421, 422, 451, 499])('answered %d is final', (status) =>
    expect(answered(status)).toEqual({ status: 'client_error', retriesUsed: 0 }),
  );

  it('answered 410 is final, and says that the webhook is gone', () =>
    expect(answered(410)).toEqual({ status: 'client_error', retriesUsed: 0, gone: true }));

  it.each([300, 301, 302, 304, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599, 600, 999])(
    'answered %d is tried again',
    (status) => {
      expect(answered(status)).toEqual({ status: 'retrying', waitMs: 1_000, retriesUsed: 1 });
      expect(answered(status, 1)).toEqual({ status: 'retrying', waitMs: 5_000, retriesUsed: 2 });
      expect(answered(status, 2)).toEqual({ status: 'failed', reason: 'attempts_exhausted', retriesUsed: 2 });
    },
  );

  it.each(['timeout', 'dns_error', 'connection_error', 'tls_error', 'protocol_error'] as const)(
    'that ended in %s is tried again',
    (outcome) => expect(judged({ outcome })).toMatchObject({ status: 'retrying', retriesUsed: 1 }),
  );

  it('refused by the egress policy is final: no later attempt may go there either', () =>
    expect(judged({ outcome: 'egress_denied' })).toEqual({
      status: 'failed',
      reason: 'egress_denied',
      retriesUsed: 0,
    }));

  it('waits as long as the receiver asks, and no shorter than the schedule', () => {
    const asked = (retryAfterMs: number): number | undefined =>
      judged({ outcome: 'server_error', httpStatus: 503, retryAfterMs }).waitMs;
    expect(asked(60_000)).toBe(60_000);
    expect(asked(1)).toBe(1_000);
  });

  it('is never tried again by an empty schedule', () =>
    expect(judge({ outcome: 'timeout' }, [], 0, middle)).toMatchObject({ status: 'failed' }));
});
