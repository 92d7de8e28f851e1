// How long a delivery is worth sending.
import { parseDuration } from './duration.js';

/** Shortest and longest time; the longest fits an integer column. */
const MIN_EXPIRES_AFTER_MS = 100;
const MAX_EXPIRES_AFTER_MS = 14 * 86_400_000;

/** Milliseconds of a time such as `'10m'`, from 100 ms to 14 days; `undefined` where it is none. */
export function parseExpiresAfter(input: unknown): number | undefined {
  const ms = typeof input === 'string' ? parseDuration(input) : undefined;
  return ms !== undefined && ms >= MIN_EXPIRES_AFTER_MS && ms <= MAX_EXPIRES_AFTER_MS ? ms : undefined;
}
