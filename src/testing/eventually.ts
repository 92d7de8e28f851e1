// Waiting for what another process or connection does, without guessing how long it takes.
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../kernel/clock.js';

/** Of a machine that does something else just now, too: only a test that fails waits so long. */
const WITHIN_MS = 30_000;
/** Between two looks: a tenth of what was waited so far, so that a long wait takes no processor from what it waits for. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

type Falsy = false | 0 | '' | null | undefined;

/**
 * Asks until the answer is truthy, and gives it back. A check that throws has no answer yet.
 *
 * @param awaited what is waited for, as a clause: "delivery becomes failed"
 * @param within milliseconds after which it is given up (30,000)
 * @param every milliseconds between two looks at most (50)
 * @throws once `within` is over, saying what was awaited, with the last error as its cause
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  awaited: string,
  { within = WITHIN_MS, every = LONGEST_PAUSE_MS }: { within?: number; every?: number } = {},
): Promise<Exclude<T, Falsy>> {
  const since = monotonicNow();
  for (;;) {
    let cause: unknown;
    try {
      const answer = await check();
      if (answer) return answer as Exclude<T, Falsy>;
    } catch (error) {
      cause = error;
    }
    const waited = monotonicNow() - since;
    if (waited >= within) throw new Error(`Waited ${within} ms in vain: ${awaited}.`, { cause });
    await delay(Math.min(every, Math.max(FIRST_PAUSE_MS, waited / 10)));
  }
}
