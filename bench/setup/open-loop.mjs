// Work at a fixed rate, whatever the work before it takes: a slow answer does not hold back what comes next.
import { setTimeout as delay } from 'node:timers/promises';
import { machineNow } from './receiver.mjs';

/**
 * Starts `rate` pieces of work a second and resolves when all have ended.
 *
 * @param start - Gets the number of the piece and the moment it was due, on the clock of {@link machineNow}.
 */
export async function openLoop({ rate, seconds }, start) {
  const under = [];
  const startedAt = machineNow();
  for (let n = 0; n < rate * seconds; n += 1) {
    const dueAt = startedAt + (n * 1_000) / rate;
    // A timer may end a little early; up to a millisecond late is part of what is measured, for all alike.
    for (let wait = dueAt - machineNow(); wait > 0; wait = dueAt - machineNow()) await delay(wait);
    under.push(start(n, dueAt));
  }
  await Promise.all(under);
}
