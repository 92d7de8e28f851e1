// How long a source is usually quiet: the length of the pause that a random moment falls into, not the mean time from one event to
// the next. A job that sends thousands of events each midnight has a usual gap of a day, not of seconds. It is learned from one
// pause after the other, and kept in four numbers.

const DAY_MS = 86_400_000;

/** After how many usual gaps what was learned before counts no more. */
const MEMORY = 20;
/** What is learned counts once it was learned from so many pauses, over a day at least: most rhythms are daily ones. */
const MIN_GAPS = 10;
/** In this time, half of a silence that was told is forgotten. */
const HALF_LIFE_MS = 14 * DAY_MS;

/** What a watch has learned of its source. */
export interface Rhythm {
  /** The usual gap as far as it is known. */
  readonly gapMs: number;
  /** How many pauses it was learned from, up to `MEMORY`; -1 before the first request, which ends none. */
  readonly gaps: number;
  /** The longest silence that was told, as far as it is remembered. */
  readonly toldMs: number;
  /** What counts as the usual gap by now. */
  readonly usualGapMs: number;
}

/** A pause that is over. */
interface Pause {
  readonly ms: number;
  /** After how long it was told as a silence, where it was. */
  readonly toldAfterMs: number | undefined;
  /** How long the source is watched. */
  readonly watchedMs: number;
}

/** The rhythm with one more pause in it. */
export function withPause(rhythm: Rhythm, { ms, toldAfterMs, watchedMs }: Pause): Rhythm {
  const { gapMs, gaps, toldMs } = rhythm;
  if (gaps < 0) return { ...rhythm, gaps: 0 };
  const remembered = toldMs * 2 ** (-ms / HALF_LIFE_MS);
  // An outage must not be taken for the rhythm, or the next one would go unnoticed: it counts for no more than what was
  // waited for. As long a silence once more is no outage but how this source is: its nights, its weekends.
  const counted = toldAfterMs === undefined ? ms : Math.min(ms, Math.max(toldAfterMs, remembered));
  // A mean that is weighted by time: any number of short pauses weighs as much as they last.
  const next = {
    gapMs: gapMs + ((counted - gapMs) * counted) / (gaps * gapMs + counted || 1),
    gaps: Math.min(gaps + 1, MEMORY),
    toldMs: toldAfterMs === undefined ? remembered : Math.max(remembered, ms),
  };
  const isKnown = next.gaps >= MIN_GAPS && watchedMs >= DAY_MS;
  return { ...next, usualGapMs: isKnown ? next.gapMs : Math.max(next.gapMs, DAY_MS) };
}
