// Waiting for what another process or connection does, without guessing how long it takes.
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../kernel/clock.js';

/** Of a machine that does something else just now, too: only a test that fails waits so long. */
const WITHIN_MS = 30_000;
const POLL_MS = 10;

type Falsy = false | 0 | '' | null | undefined;

/**
 * Asks until the answer is truthy, and gives it back. A check that throws has no answer yet.
 *
 * @param awaited what is waited for, as a clause: "delivery becomes failed"
 * @throws once `within` milliseconds (30,000) are over, saying what was awaited, with the last error as its cause
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  awaited: string,
  { within = WITHIN_MS }: { within?: number } = {},
): Promise<Exclude<T, Falsy>> {
  const deadline = monotonicNow() + within;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await check();
      if (answer) return answer as Exclude<T, Falsy>;
    } catch (error) {
      cause = error;
    }
    if (monotonicNow() >= deadline) throw new Error(`Waited ${within} ms in vain: ${awaited}.`, { cause });
    await delay(POLL_MS);
  }
}
