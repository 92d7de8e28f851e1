// The published contract of retry policies: ours passes it, and each way to be wrong fails a case of its own.
import { describe, expect, it } from '@jest/globals';
import { DefaultRetryPolicy } from '../../src/delivery/index.js';
import type { FailedAttempt, FailedDelivery, RetryPolicy, RetryVerdict } from '../../src/delivery/index.js';
import { retryPolicyContract } from '../../src/testing/index.js';

describe('the retry policy of Posthorn', () => {
  for (const { name, run } of retryPolicyContract(() => new DefaultRetryPolicy())) it(name, run);
});

const policyOf = (decide: RetryPolicy['decide']): RetryPolicy => ({ decide });
const failed: RetryVerdict = { status: 'failed' };
const retrying = (waitMs: number): RetryVerdict => ({ status: 'retrying', waitMs });
const at = ({ retriesUsed }: FailedDelivery, waitMs: number): RetryVerdict =>
  retriesUsed === 0 ? retrying(waitMs) : failed;

const usingUp = (): RetryPolicy =>
  policyOf((_, { policy }) => {
    (policy.schedule as number[]).pop();
    return failed;
  });

/** What is wrong, and the case that must see it. */
const WRONG: [string, () => RetryPolicy, string][] = [
  ['a wait below zero', () => policyOf((_, delivery) => at(delivery, -1)), 'can be carried out'],
  ['a wait that is no number', () => policyOf((_, delivery) => at(delivery, Number.NaN)), 'can be carried out'],
  ['a wait of more than a week', () => policyOf((_, delivery) => at(delivery, 604_800_001)), 'can be carried out'],
  [
    'a reason that is a sentence',
    () => policyOf(() => ({ status: 'failed', reason: 'Give up.' })),
    'can be carried out',
  ],
  ['dice of its own', () => policyOf((_, delivery) => at(delivery, Math.random())), 'decides the same'],
  ['a schedule that it uses up', usingUp, 'changes nothing'],
  ['no end', () => policyOf(() => retrying(1_000)), 'comes to an end'],
];

describe('a policy with', () => {
  it.each(WRONG)('%s fails a case', async (_, make, part) => {
    const wrong = retryPolicyContract(make).find(({ name }) => name.includes(part));
    await expect(async () => wrong?.run()).rejects.toThrow();
  });
});

it('tries answers and silences, first and last attempts', async () => {
  const seen: [FailedAttempt, number][] = [];
  const watching = policyOf((attempt, { retriesUsed }) => {
    seen.push([attempt, retriesUsed]);
    return failed;
  });
  await retryPolicyContract(() => watching)[0]?.run();
  expect(seen.some(([{ httpStatus }, used]) => httpStatus === 429 && used > 10)).toBe(true);
  expect(seen.some(([{ outcome }, used]) => outcome === 'timeout' && used === 0)).toBe(true);
});
