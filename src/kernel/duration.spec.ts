import { describe, expect, it } from '@jest/globals';
import { formatDuration, parseDuration } from './duration.js';

describe('a duration', () => {
  it.each([
    ['200ms', 200],
    ['10s', 10_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '10', 's', '-1s', '1 s', '1S', '1e3s', '٣s', '1w', '10s '])('is not %j', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  it.each([1, 200, 1_000, 90_000, 3_600_000, 86_400_000, 86_400_001])('of %d ms reads back as it was written', (ms) =>
    expect(parseDuration(formatDuration(ms))).toBe(ms),
  );
});
