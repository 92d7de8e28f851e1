import { beforeEach, expect, it } from '@jest/globals';
import { SharedBuckets } from './shared-buckets.js';
import type { Grant, TakeShared } from './shared-buckets.js';

const RATE = { max: 200, perSeconds: 60 };

let nowMs: number;
/** What is left for all replicas, and how much each question wanted. */
let left: number;
let asked: number[];

beforeEach(() => {
  nowMs = 1_000;
  left = 200;
  asked = [];
});

const takeShared: TakeShared = (wanted) => {
  asked.push(wanted);
  const granted = Math.min(wanted, left);
  left -= granted;
  return Promise.resolve<Grant>({ granted, waitMs: 300 });
};

const replica = () => {
  const buckets = new SharedBuckets(() => nowMs);
  return (key = 'a', rate = RATE, ask = takeShared) => buckets.take(key, rate, ask);
};

it('takes a hundredth ahead, and asks again when that is gone', async () => {
  const take = replica();
  for (let taken = 0; taken < 4; taken += 1) expect(await take()).toBe(0);
  expect(asked).toEqual([3, 3]);
});

it('gives those who come while it asks one answer', async () => {
  const take = replica();
  const waits = await Promise.all(Array.from({ length: 50 }, () => take()));
  expect(waits.every((wait) => wait === 0)).toBe(true);
  expect(asked).toEqual([3, 49]);
});

it('never gives out more than there is, whichever replica is asked', async () => {
  const [one, other] = [replica(), replica()];
  const waits = await Promise.all(Array.from({ length: 500 }, (_, at) => (at % 2 ? one : other)()));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(200);
});

it('asks nobody while nothing is left', async () => {
  left = 0;
  const take = replica();
  expect(await take()).toBe(0.3);
  nowMs += 200;
  expect(await take()).toBeCloseTo(0.1);
  expect(asked).toHaveLength(1);
  [nowMs, left] = [nowMs + 100, 1];
  expect(await take()).toBe(0);
  expect(asked).toHaveLength(2);
});

it('knows nothing yet of a rate that was changed', async () => {
  left = 0;
  const take = replica();
  expect(await take()).toBe(0.3);
  left = 5;
  expect(await take('a', { max: 300, perSeconds: 60 })).toBe(0);
});

it('says so where nobody answers, and asks again', async () => {
  const take = replica();
  const silent = (): Promise<undefined> => Promise.resolve(undefined);
  expect(await take('a', RATE, silent)).toBeUndefined();
  expect(await take()).toBe(0);
});

it('fails for all who waited where the question fails, and asks again', async () => {
  const take = replica();
  const broken = (): Promise<never> => Promise.reject(new Error('gone'));
  const ends = await Promise.allSettled([take('a', RATE, broken), take('a', RATE, broken)]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await take()).toBe(0);
  expect(asked).toEqual([3]);
});
