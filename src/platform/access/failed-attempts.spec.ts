import { beforeEach, describe, expect, it } from '@jest/globals';
import { FailedAttempts, TooManyAttemptsError } from './failed-attempts.js';

let nowMs: number;
let attempts: FailedAttempts;

beforeEach(() => {
  nowMs = 0;
  attempts = new FailedAttempts({ maxAuthFailures: 6 }, () => nowMs);
});

const fail = (address: string, times: number): void => {
  for (let time = 0; time < times; time += 1) attempts.failed(address, `wrong ${time}`);
};
const isHeldBack = (address: string, digest = 'another'): number | false => {
  try {
    attempts.check(address, digest);
    return false;
  } catch (error) {
    return (error as TooManyAttemptsError).retryAfterSeconds;
  }
};

describe('failed attempts', () => {
  it('hold an address back once it has used them up, and let one more through after a while', () => {
    fail('192.0.2.1', 5);
    expect(isHeldBack('192.0.2.1')).toBe(false);
    fail('192.0.2.1', 1);
    expect(isHeldBack('192.0.2.1')).toBe(10);
    nowMs += 10_000;
    expect(isHeldBack('192.0.2.1')).toBe(false);
    fail('192.0.2.1', 1);
    expect(isHeldBack('192.0.2.1')).toBe(10);
  });

  it('do not hold back another address', () => {
    fail('192.0.2.1', 20);
    expect(isHeldBack('192.0.2.2')).toBe(false);
  });

  it('count a network of IPv6 as one address, and an IPv4 address alike in both spellings', () => {
    fail('2001:db8:1:2::1', 3);
    fail('2001:db8:1:2:ffff::9', 3);
    expect(isHeldBack('2001:db8:1:2::7')).toBe(10);
    expect(isHeldBack('2001:db8:1:3::1')).toBe(false);
    fail('::ffff:192.0.2.1', 6);
    expect(isHeldBack('192.0.2.1')).toBe(10);
  });

  it('let go on who was right before, until it is not any more', () => {
    attempts.succeeded('mine');
    fail('192.0.2.1', 20);
    expect([isHeldBack('192.0.2.1', 'mine'), isHeldBack('192.0.2.1', 'yours')]).toEqual([false, 10]);
    attempts.failed('192.0.2.1', 'mine');
    expect(isHeldBack('192.0.2.1', 'mine')).toBe(10);
  });

  it('are forgotten once they have filled up again', () => {
    fail('192.0.2.1', 3);
    nowMs += 30_000;
    expect([isHeldBack('192.0.2.1'), attempts.any]).toEqual([false, false]);
  });

  it('take bounded memory: who failed longest ago is forgotten', () => {
    fail('10.0.0.0', 6);
    for (let index = 1; index <= 10_000; index += 1) attempts.failed(`10.0.${index >> 8}.${index & 255}`, 'x');
    expect(isHeldBack('10.0.0.0')).toBe(false);
    for (let index = 0; index <= 10_000; index += 1) attempts.succeeded(`right ${index}`);
    fail('192.0.2.1', 6);
    expect([isHeldBack('192.0.2.1', 'right 0'), isHeldBack('192.0.2.1', 'right 1')]).toEqual([10, false]);
  });

  it('are not counted where that is turned off', () => {
    attempts = new FailedAttempts({ maxAuthFailures: 0 }, () => nowMs);
    fail('192.0.2.1', 100);
    expect(attempts.any).toBe(false);
  });
});
