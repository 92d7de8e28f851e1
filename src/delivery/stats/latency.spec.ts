import { describe, expect, it } from '@jest/globals';
import { LATENCY_BOUNDS_MS, percentile } from './latency.js';

/** As PostgreSQL's width_bucket places it. */
const placeOf = (ms: number): number => LATENCY_BOUNDS_MS.filter((bound) => bound <= ms).length;
const countsOf = (durations: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const ms of durations) counts.set(placeOf(ms), (counts.get(placeOf(ms)) ?? 0) + 1);
  return counts;
};

describe('a percentile', () => {
  it('is there only where something is counted', () => {
    expect(percentile(new Map(), 0.5)).toBeNull();
    expect(percentile(new Map([[3, 0]]), 0.5)).toBeNull();
  });

  it('is off by 60 % at the very most, from 2 ms to a minute', () => {
    for (let ms = 2; ms < 63_000; ms = Math.ceil(ms * 1.07)) {
      const read = percentile(countsOf([ms]), 0.5) as number;
      expect([ms, read / ms > 1 / 1.6 && read / ms < 1.6]).toEqual([ms, true]);
    }
  });

  it('lies where so many are faster, between those counted together as if they were spread evenly', () => {
    const durations = Array.from({ length: 1_000 }, (_, n) => n + 1);
    for (const share of [0.5, 0.9, 0.99]) {
      const read = percentile(countsOf(durations), share) as number;
      expect(Math.abs(read - share * 1_000) / (share * 1_000)).toBeLessThan(0.25);
    }
    expect(
      percentile(
        new Map([
          [0, 99],
          [9, 1],
        ]),
        0.5,
      ),
    ).toBe(1);
    expect(
      percentile(
        new Map([
          [0, 99],
          [9, 1],
        ]),
        1,
      ),
    ).toBe(160);
  });

  it('goes beyond the last bound', () => {
    expect(percentile(countsOf([600_000]), 0.5)).toBeGreaterThan(63_000);
  });
});
