// How long attempts took, as counts between fixed bounds: a sum of counts is as good as the counts of all, which no
// percentile of percentiles is.

/**
 * In milliseconds, each about 1.6 times the one before (the Renard series R5): the true percentile lies between the same two
 * bounds as ours, so that ours is off by 60 % at the very most. A place in the counts is the number of bounds that were reached.
 * Changing them gives what is counted already another meaning.
 */
export const LATENCY_BOUNDS_MS = [
  2, 4, 6, 10, 16, 25, 40, 63, 100, 160, 250, 400, 630, 1_000, 1_600, 2_500, 4_000, 6_300, 10_000, 16_000, 25_000,
  40_000, 63_000,
] as const;

/** What is beyond the last bound is taken to end here. */
const BEYOND_MS = 100_000;

/** Attempts by the place of their duration. */
type LatencyCounts = ReadonlyMap<number, number>;

/**
 * The duration that this share of the attempts did not exceed, as if those between two bounds were spread evenly; null where
 * there are none.
 *
 * @param share - Above 0, at most 1.
 */
export function percentile(counts: LatencyCounts, share: number): number | null {
  const places = [...counts].sort(([a], [b]) => a - b);
  const rank = share * places.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [place, count] of places) {
    if (below + count >= rank && count > 0) {
      const low = LATENCY_BOUNDS_MS[place - 1] ?? 0;
      const high = LATENCY_BOUNDS_MS[place] ?? BEYOND_MS;
      return Math.round(low + ((high - low) * (rank - below)) / count);
    }
    below += count;
  }
  return null;
}
