// What a hint is about: some names, or anything at all.

/**
 * Collects names until they are too many to tell one by one.
 *
 * @example
 * const hint = new Hint(2).add(['a']).add(['b']);
 * hint.names; // ['a', 'b']
 * hint.add(['c']).names; // undefined: it is about anything
 */
export class Hint {
  private readonly known = new Set<string>();
  private isOfAnything = false;

  /** @param limit - How many names it tells at most: with more, it is about anything. */
  constructor(private readonly limit: number) {}

  /** @param names - `undefined`: anything. */
  add(names: readonly string[] | undefined): this {
    for (const name of names ?? []) this.known.add(name);
    this.isOfAnything ||= names === undefined || this.known.size > this.limit;
    if (this.isOfAnything) this.known.clear();
    return this;
  }

  /** It is about nothing yet. */
  get isEmpty(): boolean {
    return !this.isOfAnything && this.known.size === 0;
  }

  /** `undefined`: it is about anything. */
  get names(): readonly string[] | undefined {
    return this.isOfAnything ? undefined : [...this.known];
  }
}
