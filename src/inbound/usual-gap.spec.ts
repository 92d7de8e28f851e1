import { describe, expect, it } from '@jest/globals';
import { withPause } from './usual-gap.js';
import type { Rhythm } from './usual-gap.js';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const TIMES = 5;

/** A source that is watched and told of after `5x`, and what was told of it. */
class Watched {
  rhythm: Rhythm = { gapMs: 0, gaps: -1, toldMs: 0, usualGapMs: DAY };
  told = 0;
  private watchedMs = 0;

  get afterMs(): number {
    return Math.max(MINUTE, TIMES * this.rhythm.usualGapMs);
  }

  pause(ms: number, times = 1): this {
    for (let n = 0; n < times; n += 1) {
      const toldAfterMs = ms > this.afterMs ? this.afterMs : undefined;
      if (toldAfterMs !== undefined) this.told += 1;
      this.watchedMs += ms;
      this.rhythm = withPause(this.rhythm, { ms, toldAfterMs, watchedMs: this.watchedMs });
    }
    return this;
  }

  /** Working days of nine hours with one event a minute, and what lies between them. */
  days(count: number): this {
    for (let n = 0; n < count; n += 1) this.pause(MINUTE, 9 * 60).pause(15 * HOUR);
    return this;
  }
}

describe('the usual gap', () => {
  it('of a source that is regular is its gap', () => {
    const source = new Watched().pause(MINUTE, 2_000);
    expect(source.rhythm.usualGapMs).toBeCloseTo(MINUTE);
    expect(source.told).toBe(0);
  });

  it('knows nothing of the time before the first request', () => {
    expect(new Watched().pause(4 * DAY).pause(MINUTE, 2_000).rhythm.usualGapMs).toBeCloseTo(MINUTE);
  });

  it('is a day while there is little to judge by, however lively the beginning is', () => {
    expect(new Watched().pause(SECOND, 10_000).afterMs).toBe(5 * DAY);
    expect(new Watched().pause(3 * DAY, 4).rhythm.usualGapMs).toBeCloseTo(3 * DAY);
  });

  it('of a source that sends in bursts is the time between the bursts', () => {
    const source = new Watched();
    for (let night = 0; night < 30; night += 1) source.pause(SECOND, 5_000).pause(DAY - 5_000 * SECOND);
    expect(source.told).toBe(0);
    expect(source.rhythm.usualGapMs).toBeGreaterThan(0.8 * DAY);
  });

  it('is not an outage: the next one is noticed as soon', () => {
    const source = new Watched().pause(MINUTE, 2_000).pause(2 * DAY);
    expect(source.told).toBe(1);
    expect(source.afterMs).toBeLessThan(10 * MINUTE);
    source.pause(MINUTE, 120);
    expect(source.afterMs).toBeLessThan(6 * MINUTE);
    // A year later the same again: the first is forgotten.
    source.pause(MINUTE, 365 * 24 * 60).pause(2 * DAY);
    expect(source.told).toBe(2);
    expect(source.afterMs).toBeLessThan(10 * MINUTE);
  });

  it('takes in nights and weekends, and silences that come back', () => {
    const source = new Watched().days(5);
    expect(source.told).toBe(0);
    const busy = new Watched().pause(MINUTE, 2_000).days(5);
    // Nights begin only after it was learned that there are none: told twice, and then known.
    expect(busy.told).toBeLessThanOrEqual(2);
    const weeks = new Watched();
    for (let week = 0; week < 10; week += 1) weeks.days(5).pause(48 * HOUR);
    expect(weeks.told).toBeLessThanOrEqual(2);
  });

  it('follows a source that becomes livelier, or quieter', () => {
    const source = new Watched().pause(HOUR, 100).pause(MINUTE, 60 * 60);
    expect(source.afterMs).toBeLessThan(20 * MINUTE);
    source.pause(2 * HOUR, 10);
    expect(source.told).toBeLessThanOrEqual(3);
    expect(source.rhythm.usualGapMs).toBeGreaterThan(HOUR);
  });
});
