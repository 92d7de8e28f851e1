// One line in the log for each source and reason in a minute, however many are turned away: a flood of forgeries must not fill
// a disk. The rejections of the source have the rest; how many were held back is said with the next line, if there is one.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';

const PAUSE_MS = 60_000;

/** Bounds the memory; what was told longest ago is forgotten, and may be told again sooner. */
const MAX_KINDS = 10_000;

export class RefusalLog {
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
