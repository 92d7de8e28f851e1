// Rates by token bucket: so many at once, filled up again evenly. Bounded memory, no timers; each process counts for itself.
import { BoundedMap } from './bounded-map.js';
import type { Clock } from './clock.js';

/** So many in any so many seconds, and as many at once. */
export interface Rate {
  readonly max: number;
  readonly perSeconds: number;
}

/** What is left at a moment. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** Bounds the memory; the one that was asked for longest ago starts anew, which errs on the side of letting in. */
const MAX_BUCKETS = 10_000;

export class TokenBuckets {
  readonly #buckets = new BoundedMap<string, Bucket>(MAX_BUCKETS);

  constructor(private readonly clock: Clock) {}

  /** Takes a token. Answers 0, or in how many seconds there will be one. */
  take(key: string, { max, perSeconds }: Rate): number {
    const nowMs = this.clock();
    const perMs = max / (perSeconds * 1_000);
    const { tokens, atMs } = this.#buckets.get(key) ?? { tokens: max, atMs: nowMs };
    const filled = Math.min(max, tokens + (nowMs - atMs) * perMs);
    const taken = filled >= 1;
    this.#buckets.set(key, { tokens: taken ? filled - 1 : filled, atMs: nowMs });
    return taken ? 0 : (1 - filled) / perMs / 1_000;
  }
}
