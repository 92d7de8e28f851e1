// Waiting for a lock on a table without making others wait. PostgreSQL grants such locks in turn: behind a statement that waits to
// alter a table, every other one on it waits too. So it waits briefly, lets the others pass, and comes again.
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../../kernel/clock.js';

/** How long a statement may wait for a lock, and everybody else behind it. */
export const LOCK_TIMEOUT = '100ms';

const LOCK_NOT_AVAILABLE = '55P03';

/** A statement gave up waiting for a lock. */
export const isLockTimeout = (error: unknown): boolean => (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;

/** A lock could not be had, however often it was asked for. */
export class LockNotHadError extends Error {
  constructor(seconds: number, cause: unknown) {
    super(
      `A table could not be locked for ${seconds} seconds: some transaction has been reading it all that time. ` +
        `Find the oldest one in pg_stat_activity, end it, and try again`,
      { cause },
    );
  }
}

interface Patience {
  /** Between two tries. */
  readonly pauseMs: number;
  /** No try begins later than this. */
  readonly giveUpAfterMs: number;
  /** Told each time a try was in vain. */
  readonly onWait: () => void;
}

/**
 * Runs `work` until it has its locks. It runs with `lock_timeout` set, and changes nothing where it fails by it.
 *
 * @throws LockNotHadError; and whatever else `work` throws, at once.
 */
export async function untilLocked<Result>(
  work: () => Promise<Result>,
  { pauseMs, giveUpAfterMs, onWait }: Patience,
): Promise<Result> {
  const deadline = monotonicNow() + giveUpAfterMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (monotonicNow() + pauseMs > deadline) throw new LockNotHadError(Math.round(giveUpAfterMs / 1_000), error);
      onWait();
      await delay(pauseMs);
    }
  }
}
