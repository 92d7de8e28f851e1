import { describe, expect, it } from '@jest/globals';
import { BriefCache, MAX_AGE_MS } from './brief-cache.js';

describe('a brief cache', () => {
  it('believes an answer for a second, and shares a load', async () => {
    let now = 0;
    let loads = 0;
    const cache = new BriefCache<number>(() => now);
    const load = () => Promise.resolve((loads += 1));
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([1, 1]);
    now = MAX_AGE_MS - 1;
    expect(await cache.get('a', load)).toBe(1);
    now = MAX_AGE_MS;
    expect(await cache.get('a', load)).toBe(2);
    expect(await cache.get('b', load)).toBe(3);
  });

  it('remembers neither absence nor failure', async () => {
    const cache = new BriefCache<number>(() => 0);
    expect(await cache.get('a', () => Promise.resolve(undefined))).toBeUndefined();
    await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.get('a', () => Promise.resolve(1))).toBe(1);
  });
});
