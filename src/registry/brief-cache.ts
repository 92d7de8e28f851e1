// Answers that may be a moment old. It spares the database a look-up per request; what another replica changes is seen
// once the answer is over its age. Absence is never remembered: what was just made is found at once, everywhere.
import { BoundedMap } from '../kernel/bounded-map.js';
import { monotonicNow } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';

/** Longest time that an answer is believed. */
export const MAX_AGE_MS = 1_000;

/** Bounds the memory that callers can make us use by asking for many keys. */
const MAX_ENTRIES = 10_000;

interface Entry<Value> {
  readonly value: Promise<Value | undefined>;
  readonly until: number;
  /** The value, once it is there. */
  known?: Value;
}

export class BriefCache<Value> {
  readonly #entries = new BoundedMap<string, Entry<Value>>(MAX_ENTRIES);

  constructor(private readonly clock: Clock = monotonicNow) {}

  /** The remembered value, or what `load` answers; callers that ask at the same moment share one load. */
  get(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const known = this.#entries.get(key);
    return known && known.until > this.clock() ? known.value : this.renew(key, load);
  }

  private async renew(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const entry: Entry<Value> = { value: load(), until: this.clock() + MAX_AGE_MS };
    this.#entries.set(key, entry);
    let value: Value | undefined;
    try {
      value = await entry.value;
      entry.known = value;
      return value;
    } finally {
      if (value === undefined && this.#entries.get(key) === entry) this.#entries.delete(key);
    }
  }

  /** What is remembered, without waiting for what is not. */
  peek(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.clock() ? entry.known : undefined;
  }

  /** Forgets what was just changed here, so that this process sees it at once. */
  forget(key: string): void {
    this.#entries.delete(key);
  }
}
