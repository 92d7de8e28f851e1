import { beforeEach, describe, expect, it } from '@jest/globals';
import { JudgingTime } from './judging-time.js';

let cpuMs: number;
let nowMs: number;
let time: JudgingTime;

beforeEach(() => {
  [cpuMs, nowMs] = [0, 0];
  time = new JudgingTime(
    () => cpuMs,
    () => nowMs,
  );
});

/** A judgement that takes so long. */
const judge = (schema: string, ms: number, bytes = 100, tenant = 'acme') =>
  time.counting(tenant, schema, bytes, () => (cpuMs += ms));

describe('the time that slow schemas of a tenant have', () => {
  it('is a second of the processor in a minute, all of them together', () => {
    for (let n = 0; n < 5; n += 1) {
      expect(time.isSpent('acme', 'one')).toBe(false);
      judge('one', 100);
      judge('two', 100);
    }
    expect(['one', 'two'].map((schema) => time.isSpent('acme', schema))).toEqual([true, true]);
    nowMs += 30_000;
    expect(time.isSpent('acme', 'one')).toBe(false);
    judge('one', 501);
    expect(time.isSpent('acme', 'one')).toBe(true);
    nowMs += 61_000;
    expect(time.isSpent('acme', 'one')).toBe(false);
  });

  it('is neither taken by quick ones nor missed by them, nor by another tenant', () => {
    for (let n = 0; n < 1_000; n += 1) judge('quick', 10);
    judge('quick on much data', 400, 10_485_760);
    judge('slow', 5_000);
    expect(['quick', 'quick on much data', 'slow'].map((schema) => time.isSpent('acme', schema))).toEqual([
      false,
      false,
      true,
    ]);
    expect(time.isSpent('other', 'slow')).toBe(false);
  });

  it('counts what failed', () => {
    const fail = (): void => {
      cpuMs += 1_000;
      throw new Error('stopped');
    };
    expect(() => time.counting('acme', 'slow', 1, fail)).toThrow('stopped');
    expect(time.isSpent('acme', 'slow')).toBe(true);
  });

  it('is remembered of so many tenants and no more', () => {
    for (let n = 0; n <= 10_000; n += 1) judge('slow', 2_000, 1, `tenant ${n}`);
    expect(time.isSpent('tenant 0', 'slow')).toBe(false);
    expect(time.isSpent('tenant 10000', 'slow')).toBe(true);
  });
});
