import { describe, expect, it } from '@jest/globals';
import { Rounds } from './rounds.js';

/** A promise and its end. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const unexpected = (error: Error): never => {
  throw error;
};

describe('rounds', () => {
  it('come again, also after one that failed', async () => {
    const third = gate();
    const told: string[] = [];
    let count = 0;
    const rounds = new Rounds(
      () => {
        count += 1;
        if (count === 3) third.open();
        return count === 1 ? Promise.reject(new Error('no table')) : Promise.resolve();
      },
      1,
      ({ message }) => void told.push(message),
    );
    rounds.start();
    await third.opened;
    await rounds.stop();
    expect(told).toEqual(['no table']);
  });

  it('begin at once where one is asked for, and once more where one was under way that may have looked before', async () => {
    const [second, ended] = [gate(), gate()];
    let count = 0;
    const rounds = new Rounds(
      async () => {
        count += 1;
        if (count === 1) await ended.opened;
        else second.open();
      },
      3_600_000,
      unexpected,
    );
    rounds.soon();
    const first = rounds.startNow();
    rounds.soon();
    rounds.soon();
    ended.open();
    await first;
    await second.opened;
    expect(count).toBe(2);
    await rounds.stop();
  });

  it('pause as long as a round, or what it failed by, says', async () => {
    const third = gate();
    let count = 0;
    const rounds = new Rounds(
      () => {
        count += 1;
        if (count === 3) third.open();
        return count === 1 ? Promise.resolve(0) : Promise.reject(new Error('no table'));
      },
      3_600_000,
      () => 0,
    );
    rounds.start();
    await third.opened;
    await rounds.stop();
    expect(count).toBe(3);
  });

  it('are one after the other, and the last has ended when they are stopped', async () => {
    const [begun, ended] = [gate(), gate()];
    const seen: string[] = [];
    const rounds = new Rounds(
      async () => {
        seen.push('begun');
        begun.open();
        await ended.opened;
        seen.push('ended');
      },
      0,
      unexpected,
    );
    rounds.start();
    await begun.opened;
    const stopped = rounds.stop().then(() => seen.push('stopped'));
    expect(rounds.isStopped).toBe(true);
    ended.open();
    await stopped;
    expect(seen).toEqual(['begun', 'ended', 'stopped']);
  });
});
