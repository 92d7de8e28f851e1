import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  JITTER,
  MAX_RETRY_AFTER_MS,
  nextWait,
  parseRetryAfter,
  parseRetrySchedule,
  unnamedWait,
} from './retry-schedule.js';

describe('a retry schedule', () => {
  it('is a name or a list of durations', () => {
    expect(parseRetrySchedule('default')).toEqual([1_000, 5_000, 30_000]);
    expect(parseRetrySchedule('standard')).toHaveLength(9);
    expect(parseRetrySchedule(['200ms', '2h'])).toEqual([200, 7_200_000]);
    expect(parseRetrySchedule([])).toEqual([]);
  });

  it.each([['fast'], ['__proto__'], [['1 s']], [['-1s']], [['8d']], [Array<string>(101).fill('1s')]])(
    'refuses %j',
    (input) => {
      expect(parseRetrySchedule(input)).toBeUndefined();
    },
  );
});

describe('the next wait', () => {
  const schedules = fc.array(fc.integer({ min: 1, max: 86_400_000 }), { maxLength: 20 });
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('exists exactly as often as the schedule has entries, whatever receivers ask for', () => {
    fc.assert(
      fc.property(schedules, dice, fc.option(fc.nat()), (schedule, roll, asked) => {
        let retries = 0;
        while (nextWait({ schedule, jitter: JITTER }, retries, asked ?? undefined, () => roll) !== undefined)
          retries += 1;
        expect(retries).toBe(schedule.length);
      }),
    );
  });

  it('is never longer than the ceiling, and without jitter exactly its entry', () => {
    fc.assert(
      fc.property(
        schedules,
        dice,
        fc.nat({ max: MAX_RETRY_AFTER_MS * 2 }),
        fc.nat(),
        (schedule, roll, ceiling, asked) => {
          schedule.forEach((base, index) => {
            const waits = { schedule, jitter: 0, maxWaitMs: ceiling };
            expect(nextWait(waits, index, undefined, () => roll)).toBe(Math.min(base, ceiling));
            expect(nextWait(waits, index, asked, () => roll)).toBe(Math.min(Math.max(base, asked), ceiling));
          });
        },
      ),
    );
  });

  it('stays within the jitter of its entry, and is never shorter than Retry-After up to a day', () => {
    fc.assert(
      fc.property(schedules, dice, fc.option(fc.nat({ max: 10 * MAX_RETRY_AFTER_MS })), (schedule, roll, asked) => {
        schedule.forEach((base, index) => {
          const wait = nextWait({ schedule, jitter: JITTER }, index, asked ?? undefined, () => roll) as number;
          const floor = Math.min(asked ?? 0, MAX_RETRY_AFTER_MS);
          expect(wait).toBeGreaterThanOrEqual(Math.max(floor, Math.floor(base * (1 - JITTER))));
          expect(wait).toBeLessThanOrEqual(Math.max(floor, Math.ceil(base * (1 + JITTER))));
        });
      }),
    );
  });
});

describe('a wait that a receiver asks for without naming a time', () => {
  it.each<[number, number[], number | undefined]>([
    [1_000, [1_000, 7_200_000], undefined],
    [300_000, [7_200_000], undefined],
    [5_000, [], undefined],
    [2_000, [30_000], 2_000],
    [300_000, [7_200_000], 86_400_000],
  ])('is %d ms under the schedule %j and the ceiling %s', (wait, schedule, maxWaitMs) =>
    expect(unnamedWait({ schedule, jitter: JITTER, maxWaitMs })).toBe(wait),
  );
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');

  it.each([
    ['120', 120_000],
    ['  30  ', 30_000],
    ['0', 0],
    ['99999999999999999999', MAX_RETRY_AFTER_MS],
    ['Mon, 23 Nov 2026 10:01:00 GMT', 60_000],
    ['Monday, 23-Nov-26 10:01:00 GMT', 60_000],
    ['Mon Nov 23 10:01:00 2026', 60_000],
    ['Fri, 25 Dec 2026 10:00:00 GMT', MAX_RETRY_AFTER_MS],
  ])('%j asks for %d ms', (value, ms) => expect(parseRetryAfter(value, now)).toBe(ms));

  it.each([
    '',
    ' ',
    '-5',
    '120.1',
    '1e9',
    'soon',
    'soon 5',
    '2026-11-23T11:00:00Z',
    'Mon, 23 Nov 2026 09:00:00 GMT',
    '0x10',
    '5, 7',
  ])('ignores %j', (value) => expect(parseRetryAfter(value, now)).toBeUndefined());

  it('asks for no longer than the ceiling, which may be above a day', () => {
    expect(parseRetryAfter('172800', now, 7 * MAX_RETRY_AFTER_MS)).toBe(2 * MAX_RETRY_AFTER_MS);
    expect(parseRetryAfter('Fri, 25 Dec 2026 10:00:00 GMT', now, 5_000)).toBe(5_000);
  });

  it('ignores its absence', () => expect(parseRetryAfter(undefined, now)).toBeUndefined());
});
