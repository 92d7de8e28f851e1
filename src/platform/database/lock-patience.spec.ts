import { describe, expect, it } from '@jest/globals';
import { LockNotHadError, untilLocked } from './lock-patience.js';

const lockTimeout = (): Error => Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });

/** Work that fails with these, one after the other, and then is done. */
function scene(...errors: Error[]) {
  let tries = 0;
  let waits = 0;
  const work = (): Promise<string> => {
    const error = errors[tries++];
    return error ? Promise.reject(error) : Promise.resolve('done');
  };
  const run = (giveUpAfterMs: number): Promise<string> =>
    untilLocked(work, { pauseMs: 1, giveUpAfterMs, onWait: () => (waits += 1) });
  return { run, told: () => ({ tries, waits }) };
}

describe('work that needs a lock', () => {
  it('is tried until it has it', async () => {
    const { run, told } = scene(lockTimeout(), lockTimeout());
    expect(await run(60_000)).toBe('done');
    expect(told()).toEqual({ tries: 3, waits: 2 });
  });

  it('is given up in the end, with a sentence that says what to do', async () => {
    const { run, told } = scene(lockTimeout(), lockTimeout());
    const error = await run(0).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LockNotHadError);
    expect((error as Error).message).toMatch(/pg_stat_activity/);
    expect(told()).toEqual({ tries: 1, waits: 0 });
  });

  it('that fails of anything else is not tried again', async () => {
    const { run, told } = scene(new Error('no such table'));
    await expect(run(60_000)).rejects.toThrow('no such table');
    expect(told()).toEqual({ tries: 1, waits: 0 });
  });
});
