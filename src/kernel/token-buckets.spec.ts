import { beforeEach, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-buckets.js';

const RATE = { max: 6, perSeconds: 60 };

let nowMs: number;
let buckets: TokenBuckets;

beforeEach(() => {
  nowMs = 0;
  buckets = new TokenBuckets(() => nowMs);
});

it('gives as many at once as there may be, and then one after the other', () => {
  for (let taken = 0; taken < 6; taken += 1) expect(buckets.take('a', RATE)).toBe(0);
  expect(buckets.take('a', RATE)).toBe(10);
  nowMs += 4_000;
  expect(buckets.take('a', RATE)).toBeCloseTo(6);
  nowMs += 6_000;
  expect([buckets.take('a', RATE), buckets.take('a', RATE) > 0]).toEqual([0, true]);
});

it('keeps them apart by key, and never gives more than the most', () => {
  for (let taken = 0; taken < 6; taken += 1) buckets.take('a', RATE);
  expect(buckets.take('b', RATE)).toBe(0);
  nowMs += 3_600_000;
  const given = Array.from({ length: 8 }, () => buckets.take('a', RATE)).filter((wait) => wait === 0);
  expect(given).toHaveLength(6);
});

it('forgets who was there longest ago when there are too many', () => {
  for (let taken = 0; taken < 6; taken += 1) buckets.take('first', RATE);
  for (let index = 0; index < 10_000; index += 1) buckets.take(`k${index}`, RATE);
  expect(buckets.take('first', RATE)).toBe(0);
});
