import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endOfTurn } from './end-of-turn.js';

describe('the end of a turn', () => {
  afterEach(() => void jest.useRealTimers());

  it('comes under timers that a test holds, too', async () => {
    jest.useFakeTimers();
    await endOfTurn();
  });

  it('is one for all who wait in the same turn, and another in the next', async () => {
    const first = endOfTurn();
    expect(endOfTurn()).toBe(first);
    await first;
    expect(endOfTurn()).not.toBe(first);
  });

  it('comes after all that this turn leads to without waiting', async () => {
    const order: string[] = [];
    const ended = endOfTurn().then(() => order.push('end'));
    process.nextTick(() => {
      order.push('tick');
      void Promise.resolve().then(() => order.push('promise'));
    });
    await ended;
    expect(order).toEqual(['tick', 'promise', 'end']);
  });

  it('has those who waited go on in their order', async () => {
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await endOfTurn();
        order.push(n);
      }),
    );
    expect(order).toEqual([1, 2, 3]);
  });
});
