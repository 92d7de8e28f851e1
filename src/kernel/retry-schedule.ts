// When a failed delivery is tried again. Pure: the dice and the clock are passed in.
import { parseDuration } from './duration.js';

/** Waits before each retry, in milliseconds; as many retries as there are entries. */
export type RetrySchedule = readonly number[];

/** Schedules that have a name, and their waits as people write them: the dashboard offers them, and says what they mean. */
export const NAMED_SCHEDULES: ReadonlyMap<string, readonly string[]> = new Map([
  ['default', ['1s', '5s', '30s']],
  ['standard', ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h']],
]);

/** Most retries a schedule may hold, and the longest single wait. */
export const MAX_RETRIES = 100;
export const MAX_RETRY_WAIT_MS = 7 * 86_400_000;

/** Share by which a wait is stretched or shrunk at random, so that receivers which fell together do not rise together. */
export const JITTER = 0.2;

/** The longest wait that a receiver may ask for with `Retry-After`, unless a ceiling says otherwise. */
export const MAX_RETRY_AFTER_MS = 86_400_000;

/** How long a receiver is left alone that asks for it and names no time, at most; and where no retry says how long. */
const MAX_UNNAMED_MS = 300_000;
const UNNAMED_MS = 5_000;

/** How long to wait before each retry. */
export interface RetryWaits {
  /** As many retries as there are waits, in milliseconds. */
  readonly schedule: RetrySchedule;
  /** From 0 to 1: the share by which a wait is stretched or shrunk at random. */
  readonly jitter: number;
  /**
   * No wait is longer, whoever asks for it. Absent: the schedule's waits are as written, and a receiver may ask for a day.
   */
  readonly maxWaitMs?: number;
}

/**
 * A schedule from how people write it: a name (`'default'`, `'standard'`) or a list of durations.
 * `undefined` where it is neither.
 */
export function parseRetrySchedule(input: string | readonly string[]): RetrySchedule | undefined {
  const list = typeof input === 'string' ? NAMED_SCHEDULES.get(input) : input;
  if (!list || list.length > MAX_RETRIES) return undefined;
  const waits: number[] = [];
  for (const text of list) {
    const wait = parseDuration(text);
    if (wait === undefined || wait > MAX_RETRY_WAIT_MS) return undefined;
    waits.push(wait);
  }
  return waits;
}

/**
 * The wait before the next attempt, in milliseconds, or `undefined` when the schedule is used up.
 *
 * `Retry-After` only ever lengthens the wait, up to the ceiling; it never adds or removes attempts.
 */
export function nextWait(
  { schedule, jitter, maxWaitMs }: RetryWaits,
  retriesUsed: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | undefined {
  const base = schedule[retriesUsed];
  if (base === undefined) return undefined;
  const jittered = Math.round(base * (1 - jitter + 2 * jitter * random()));
  return Math.max(
    Math.min(jittered, maxWaitMs ?? Number.MAX_SAFE_INTEGER),
    Math.min(retryAfterMs ?? 0, maxWaitMs ?? MAX_RETRY_AFTER_MS),
  );
}

/**
 * How long a receiver that asks to be left alone, and names no time, is sent nothing at all: as long as before a first
 * retry, minutes at most. What a single delivery waits, after many attempts, says nothing about the others.
 */
export const unnamedWait = ({ schedule: [first = UNNAMED_MS], maxWaitMs = MAX_UNNAMED_MS }: RetryWaits): number =>
  Math.min(first, maxWaitMs, MAX_UNNAMED_MS);

/**
 * `Retry-After` (RFC 9110, 10.2.3) in milliseconds from now, at most `ceilingMs`: whole seconds or an HTTP date; anything
 * else is ignored.
 */
export function parseRetryAfter(
  value: string | undefined,
  nowMs: number,
  ceilingMs: number = MAX_RETRY_AFTER_MS,
): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, ceilingMs);
  // An HTTP date names its day of the week and ends in GMT; `Date.parse` alone would also take `soon 5`.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}(?: GMT| \d{4})$/.test(text)) return undefined;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) || at <= nowMs ? undefined : Math.min(at - nowMs, ceilingMs);
}
