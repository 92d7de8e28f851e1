import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_STATUS_RULES, parseRetriedStatuses } from './retried-statuses.js';

const retried = (...rules: string[]): number[] | undefined => {
  const statuses = parseRetriedStatuses(rules);
  return statuses && [...statuses].sort((a, b) => a - b);
};
const span = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, n) => low + n);

describe('a list of retried statuses', () => {
  it('holds statuses, classes, ranges, and the default', () => {
    expect(retried('404')).toEqual([404]);
    expect(retried('5xx')).toEqual(span(500, 599));
    expect(retried('520-526', '404')).toEqual([404, ...span(520, 526)]);
    expect(retried('default')).toEqual([...span(300, 399), 408, 425, 429, ...span(500, 999)]);
    expect(retried()).toEqual([]);
  });

  it('takes out what stands behind an exclamation mark, in whatever order', () => {
    expect(retried('!501-599', '5xx')).toEqual([500]);
    expect(retried('5xx', '!501-599')).toEqual([500]);
    expect(retried('default', '!3xx', '!500-999')).toEqual([408, 425, 429]);
  });

  it('has 410 only where 410 itself is listed', () => {
    for (const rules of [['4xx'], ['400-499'], ['409-411'], ['default']]) expect(retried(...rules)).not.toContain(410);
    expect(retried('4xx', '410')).toEqual(span(400, 499));
    expect(retried('410', '!410')).toEqual([]);
  });

  it.each([
    ['200'],
    ['2xx'],
    ['100'],
    ['1xx'],
    ['200-204'],
    ['299-301'],
    ['1000'],
    ['999-1000'],
    ['500-400'],
    ['5XX'],
    ['50x'],
    ['xxx'],
    [' 404'],
    [''],
    ['!'],
    ['!!404'],
    ['!default'],
    ['404,500'],
    ['constructor'],
    ['!501'],
  ])('refuses %j', (rule) => expect(retried(rule)).toBeUndefined());

  it('refuses the whole of a list that holds one bad rule, or too many', () => {
    expect(retried('404', 'soon')).toBeUndefined();
    expect(retried(...Array<string>(MAX_STATUS_RULES).fill('404'))).toEqual([404]);
    expect(retried(...Array<string>(MAX_STATUS_RULES + 1).fill('404'))).toBeUndefined();
  });

  it('never holds a success, whatever is written', () => {
    const rule = fc.oneof(
      fc.stringMatching(/^!?\d{3}(-\d{3})?$/),
      fc.stringMatching(/^!?[0-9]xx$/),
      fc.constant('default'),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
        for (const status of parseRetriedStatuses(rules) ?? []) {
          expect(status).toBeGreaterThanOrEqual(300);
          expect(status).toBeLessThanOrEqual(999);
        }
      }),
    );
  });
});
