import { describe, expect, it } from '@jest/globals';
import { AUTO_BUCKETS, axisOf, beginningsOf, partsOf } from './chart.js';

const NOW_MS = Date.parse('2026-11-23T10:07:31Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('an axis', () => {
  it('covers the whole period with as few buckets as a chart may have', () => {
    for (const hours of [0.01, 1, 2, 5, 24, 48, 72, 24 * 30, 24 * 365, 24 * 365 * 60]) {
      const sinceMs = NOW_MS - hours * HOUR_MS;
      const axis = axisOf(sinceMs, NOW_MS, 'auto', NOW_MS);
      const beginnings = beginningsOf(axis);
      expect(beginnings.length).toBeLessThanOrEqual(AUTO_BUCKETS);
      expect(beginnings[0]).toBe(axis.sinceMs);
      expect(axis.sinceMs).toBeLessThanOrEqual(sinceMs);
      expect((beginnings.at(-1) as number) + axis.widthMs).toBe(axis.untilMs);
      expect(axis.untilMs).toBeGreaterThanOrEqual(NOW_MS);
      expect(axis.untilMs - NOW_MS).toBeLessThan(axis.widthMs);
    }
  });

  it.each([
    ['an hour', HOUR_MS, 60_000],
    ['a day', DAY_MS, 900_000],
    ['two days', 2 * DAY_MS, 1_800_000],
    ['a month', 30 * DAY_MS, 12 * HOUR_MS],
    ['a year', 365 * DAY_MS, 4 * DAY_MS],
  ])('of %s has buckets of a usual width', (_name, periodMs, widthMs) => {
    expect(axisOf(NOW_MS - periodMs, NOW_MS, 'auto', NOW_MS).widthMs).toBe(widthMs);
  });

  it('goes by the hour where minutes are not kept any more', () => {
    const sinceMs = NOW_MS - 3 * DAY_MS;
    expect(axisOf(sinceMs, sinceMs + 60_000, 'auto', NOW_MS)).toMatchObject({ widthMs: HOUR_MS, isOfMinutes: false });
    expect(() => axisOf(sinceMs, NOW_MS, 'minute', NOW_MS)).toThrow(
      expect.objectContaining({ code: 'minutes_not_kept' }),
    );
  });

  it.each([0.05, 0.5, 1, 1.9, 2, 24, 47, 24 * 30])(
    'of %s hours falls into whole hours and the minutes around them',
    (hours) => {
      const axis = axisOf(NOW_MS - hours * HOUR_MS, NOW_MS, 'auto', NOW_MS);
      const { hours: whole, minutes } = partsOf(axis);
      const [before, after] = minutes;
      expect([before.fromMs, before.toMs, whole.toMs, after.toMs]).toEqual([
        axis.sinceMs,
        whole.fromMs,
        after.fromMs,
        axis.untilMs,
      ]);
      for (const { fromMs, toMs } of [before, whole, after]) expect(toMs).toBeGreaterThanOrEqual(fromMs);
      for (const { fromMs, toMs } of minutes) expect(toMs - fromMs).toBeLessThan(2 * HOUR_MS);
      if (whole.toMs > whole.fromMs) expect([whole.fromMs % HOUR_MS, whole.toMs % HOUR_MS]).toEqual([0, 0]);
      if (!axis.isOfMinutes) for (const { fromMs, toMs } of minutes) expect(toMs).toBe(fromMs);
    },
  );

  it('has the width that is asked for, or is refused', () => {
    const sinceMs = NOW_MS - 2 * DAY_MS + 120_000;
    expect(axisOf(sinceMs, NOW_MS, 'minute', NOW_MS)).toMatchObject({ widthMs: 60_000, isOfMinutes: true });
    expect(axisOf(sinceMs, NOW_MS, 'hour', NOW_MS)).toMatchObject({ widthMs: HOUR_MS, isOfMinutes: false });
    expect(() => axisOf(NOW_MS - 365 * DAY_MS, NOW_MS, 'hour', NOW_MS)).toThrow(
      expect.objectContaining({ code: 'too_many_buckets' }),
    );
    for (const untilMs of [NOW_MS, NOW_MS - 1])
      expect(() => axisOf(NOW_MS, untilMs, 'auto', NOW_MS)).toThrow(
        expect.objectContaining({ code: 'invalid_period' }),
      );
  });
});
