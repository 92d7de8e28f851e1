// Room that several owners share, of whom none may fill more than half of what the others leave: however many take as much
// as they can, there is some left for whoever comes next.

export class SharedRoom {
  readonly #heldBy = new Map<string, number>();
  #held = 0;

  constructor(private readonly total: number) {}

  /**
   * Takes so much, if there is room. The first that an owner takes may be larger than its share; what is larger than all room fits where nobody has any of it.
   *
   * @returns what gives it back, once however often it is called; `undefined` where there is no room.
   */
  take(owner: string, size: number): (() => void) | undefined {
    const own = this.#heldBy.get(owner) ?? 0;
    if (this.#held > 0 && this.#held + size > this.total) return undefined;
    const others = this.#held - own;
    if (own > 0 && own + size > (this.total - others) / 2) return undefined;
    this.add(owner, size);
    let held = true;
    return () => {
      if (held) this.add(owner, -size);
      held = false;
    };
  }

  private add(owner: string, size: number): void {
    this.#held += size;
    const own = (this.#heldBy.get(owner) ?? 0) + size;
    if (own > 0) this.#heldBy.set(owner, own);
    else this.#heldBy.delete(owner);
  }
}
