// Where one reader of the stream is. Ids are made before their rows commit, and by several clocks: a row may appear below
// others that were read already. So everything of the last seconds is read again, and what was sent is left out.
import { lowestIdAt, timeOfId } from '../../kernel/ids.js';

/**
 * The edge of the guarantee: a row that becomes visible later than this after its id was made may be left out of the stream. That
 * takes a statement that waited so long, or processes whose clocks are so far apart. The list has the row all the same.
 */
export const OVERLAP_MS = 10_000;

/** Ids remembered per reader. Where more than these came within the overlap, the overlap is as long as they took. */
export const MAX_SENT = 2_000;

export class StreamPosition {
  private readonly sent: Set<string>;

  private constructor(
    private low: string,
    sent: readonly string[],
    private readTo: string,
  ) {
    this.sent = new Set(sent);
    this.forget();
  }

  /** From now on: nothing of what is there already, which is `there`, of the last {@link OVERLAP_MS}. */
  static now(nowMs: number, there: readonly string[]): StreamPosition {
    return new StreamPosition(lowestIdAt(nowMs - OVERLAP_MS), there, lowestIdAt(nowMs));
  }

  /** After an id that a stream gave: its own, or one of {@link resumeId}. What came shortly before it comes again. */
  static after(id: string): StreamPosition {
    return new StreamPosition(lowestIdAt(timeOfId(id) - OVERLAP_MS), [id], id);
  }

  /** Everything at or below this id was read for good. */
  get after(): string {
    return this.low;
  }

  /** What is above, and was sent. */
  get known(): readonly string[] {
    return [...this.sent];
  }

  /** From where a reader goes on that has got everything up to now. */
  get resumeId(): string {
    return this.readTo;
  }

  /**
   * Notes what was sent: `ids`, in their order, out of what could be read at `askedAtMs`.
   *
   * @param all - Whether that was everything above {@link after}; else everything up to the last of the ids.
   */
  advance(ids: readonly string[], all: boolean, askedAtMs: number): void {
    for (const id of ids) this.sent.add(id);
    const last = ids.at(-1) ?? this.low;
    const settled = lowestIdAt(askedAtMs - OVERLAP_MS);
    const low = all || last > settled ? settled : last;
    if (low > this.low) this.low = low;
    this.readTo = all ? lowestIdAt(askedAtMs) : last;
    this.forget();
  }

  private forget(): void {
    for (const id of this.sent) if (id <= this.low) this.sent.delete(id);
    const surplus = this.sent.size - MAX_SENT;
    if (surplus <= 0) return;
    const oldest = [...this.sent].sort().slice(0, surplus);
    this.low = oldest.at(-1) ?? this.low;
    for (const id of oldest) this.sent.delete(id);
  }
}
