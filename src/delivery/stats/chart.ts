// The time axis of a chart: how wide its buckets are, and where they begin. Buckets begin at multiples of their width since
// the epoch (days are those of UTC), so that the same moment is in the same bucket whenever it is asked for.
import { InvalidError } from '../../kernel/errors.js';
import { MINUTES_KEPT_MS } from './rollup.js';

export const BUCKETS = ['auto', 'minute', 'hour'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** Buckets that `auto` makes at most, and that may be asked for: two days of minutes, or four months of hours. */
export const AUTO_BUCKETS = 120;
const MAX_BUCKETS = 2_880;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WIDTHS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
];

/** A period in buckets of one width. Both ends are where buckets begin. */
export interface Axis {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly widthMs: number;
  /** Whether its counts are those of minutes; else those of hours. */
  readonly isOfMinutes: boolean;
}

/** How many buckets there may be. */
export interface AxisLimits {
  readonly auto: number;
  readonly most: number;
}

/**
 * The buckets that cover a period.
 *
 * @throws InvalidError `invalid_period`, `too_many_buckets`, `minutes_not_kept`
 */
export function axisOf(
  sinceMs: number,
  untilMs: number,
  bucket: Bucket,
  nowMs: number,
  { auto, most }: AxisLimits = { auto: AUTO_BUCKETS, most: MAX_BUCKETS },
): Axis {
  if (sinceMs >= untilMs) throw new InvalidError('invalid_period', 'since must be before until.');
  const minutesKept = sinceMs >= nowMs - MINUTES_KEPT_MS;
  if (bucket === 'minute' && !minutesKept)
    throw new InvalidError('minutes_not_kept', 'Minutes are kept for two days: ask for hours, or for a later since.');
  const widthMs =
    bucket === 'auto'
      ? widthFor(sinceMs, untilMs, auto, minutesKept ? MINUTE_MS : HOUR_MS)
      : bucket === 'minute'
        ? MINUTE_MS
        : HOUR_MS;
  const axis = {
    sinceMs: Math.floor(sinceMs / widthMs) * widthMs,
    untilMs: Math.ceil(untilMs / widthMs) * widthMs,
    widthMs,
    isOfMinutes: widthMs < HOUR_MS,
  };
  if (bucket !== 'auto' && (axis.untilMs - axis.sinceMs) / widthMs > most)
    throw new InvalidError('too_many_buckets', `That is more than ${most} buckets: ask for auto, or a shorter period.`);
  return axis;
}

/** The smallest width with which so many buckets cover the period, wherever it begins. */
function widthFor(sinceMs: number, untilMs: number, buckets: number, leastMs: number): number {
  const enough = (untilMs - sinceMs) / (buckets - 1);
  const width = WIDTHS_MS.find((ms) => ms >= leastMs && ms >= enough);
  return width ?? Math.ceil(enough / DAY_MS) * DAY_MS;
}

/** A stretch of time; empty where both ends are the same. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A period as its whole hours, of which one row stands for sixty, and what is left of minutes before and after them. Of an axis of
 * hours nothing is left.
 */
export function partsOf({ sinceMs, untilMs }: Axis): {
  readonly hours: Stretch;
  readonly minutes: readonly [Stretch, Stretch];
} {
  const fromMs = Math.min(untilMs, Math.ceil(sinceMs / HOUR_MS) * HOUR_MS);
  const toMs = Math.max(fromMs, Math.floor(untilMs / HOUR_MS) * HOUR_MS);
  return {
    hours: { fromMs, toMs },
    minutes: [
      { fromMs: sinceMs, toMs: fromMs },
      { fromMs: toMs, toMs: untilMs },
    ],
  };
}

/** Where the buckets begin. */
export const beginningsOf = ({ sinceMs, untilMs, widthMs }: Axis): number[] =>
  Array.from({ length: (untilMs - sinceMs) / widthMs }, (_, at) => sinceMs + at * widthMs);
