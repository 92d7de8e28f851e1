// One line in the log for each kind of thing in a minute, however often it happens: what a stranger or a tenant can have happen as often
// as it likes must not fill a disk. How many were held back is said with the next line, if there is one.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';

const PAUSE_MS = 60_000;

/** Bounds the memory; what was told longest ago is forgotten, and may be told again sooner. */
const MAX_KINDS = 10_000;

export class SparingLog {
  readonly #told = new BoundedMap<string, { readonly until: number; held: number }>(MAX_KINDS);

  constructor(
    private readonly write: (line: string) => void,
    private readonly clock: Clock = monotonicNow,
  ) {}

  /** @param kind - What is told once in a minute. */
  note(kind: string, line: () => string): void {
    const last = this.#told.get(kind);
    if (last && this.clock() < last.until) {
      last.held += 1;
      return;
    }
    this.#told.set(kind, { until: this.clock() + PAUSE_MS, held: 0 });
    this.write(last?.held ? `${line()} ${last.held} more since the last line like it.` : line());
  }
}
