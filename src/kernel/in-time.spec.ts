import { describe, expect, it } from '@jest/globals';
import { inTime, inTimeOr } from './in-time.js';

const never = new Promise<never>(() => undefined);
const late = (): string => 'late';

describe('work that is waited for so long', () => {
  it('gives what it comes to, and throws what it throws', async () => {
    expect(await inTimeOr(Promise.resolve('done'), 60_000, late)).toBe('done');
    expect(await inTimeOr('done at once', 60_000, late)).toBe('done at once');
    await expect(inTimeOr(Promise.reject(new Error('broken')), 60_000, late)).rejects.toThrow('broken');
  });

  it('is given up once the time is up', async () => {
    expect(await inTimeOr(never, 1, late)).toBe('late');
    const tooLate = (): never => {
      throw new Error('too late');
    };
    await expect(inTimeOr(never, 1, tooLate)).rejects.toThrow('too late');
  });

  it('holds the process up only where it shall', () => {
    const held = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length;
    const before = held();
    void inTimeOr(never, 20, late, { ref: false });
    expect(held()).toBe(before);
    void inTimeOr(never, 20, late);
    expect(held()).toBe(before + 1);
  });

  it('comes to nothing where a failure says no more than that', async () => {
    expect(await inTime(Promise.resolve(1), 60_000)).toBe(1);
    expect(await inTime(Promise.reject(new Error('broken')), 60_000)).toBeUndefined();
    expect(await inTime(never, 1)).toBeUndefined();
  });
});
