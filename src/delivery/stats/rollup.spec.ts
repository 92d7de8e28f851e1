import { afterEach, expect, it, jest } from '@jest/globals';
import type { Database, SqlExecutor } from '../../platform/database/index.js';
import { Rollup } from './rollup.js';

afterEach(() => void jest.useRealTimers());

/** In the place of PostgreSQL: there is nothing to move, and nobody else at it. */
const nothing: SqlExecutor = {
  query: <Row extends object>() => Promise.resolve([{ taken: true, moved: 0, deleted: 0 }] as unknown as Row[]),
};

it('begins a round soon after whatever was counted, however close to the end of another round', async () => {
  jest.useFakeTimers();
  // As many turns of the microtask queue after the last statement as a round takes to end, and more.
  for (let turns = 0; turns < 40; turns += 1) {
    let rounds = 0;
    const database = {
      tables: {},
      transaction: (work: (executor: SqlExecutor) => Promise<unknown>) => {
        rounds += 1;
        return work(nothing);
      },
    } as unknown as Database;
    const rollup = new Rollup(database, { statsRetentionMs: 86_400_000 });
    rollup.start();
    jest.advanceTimersByTime(0);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    rollup.noteCounted();
    await jest.advanceTimersByTimeAsync(0);
    const before = rounds;
    await jest.advanceTimersByTimeAsync(15_000);
    expect({ turns, later: rounds > before }).toEqual({ turns, later: true });
    await rollup.beforeApplicationShutdown();
  }
});
