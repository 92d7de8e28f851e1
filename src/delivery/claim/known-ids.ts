// Ids of which something is known to be true, the latest of them. It only saves statements: when it forgets one, the database is
// asked again.

export class KnownIds {
  readonly #ids = new Set<string>();

  /** @param most - Ids that are remembered; of more, those that were used longest ago are forgotten. */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#ids.size;
  }

  /** Those of these ids that are not known. */
  unknownOf(ids: readonly string[]): string[] {
    return ids.filter((id) => !this.#ids.has(id));
  }

  /** These are known from now on. */
  add(ids: readonly string[]): void {
    for (const id of ids) {
      // Put last again: the first of the set is the one that was used longest ago.
      this.#ids.delete(id);
      this.#ids.add(id);
      const [oldest] = this.#ids;
      if (this.#ids.size > this.most && oldest !== undefined) this.#ids.delete(oldest);
    }
  }
}
