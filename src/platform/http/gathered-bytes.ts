// The bytes of a body in one buffer that grows: kept as the pieces they came in, a body that is sent byte by byte would take a
// hundred times its size.

const FIRST_CAPACITY = 16_384;

export class GatheredBytes {
  #buffer: Buffer = Buffer.alloc(0);
  #size = 0;

  /**
   * @param limitBytes - The most that will be given.
   * @param declaredBytes - How many the sender says there are; NaN where it does not.
   */
  constructor(
    private readonly limitBytes: number,
    private readonly declaredBytes: number,
  ) {}

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** Whether so many more are within the limit. */
  takes({ length }: Buffer): boolean {
    return this.#size + length <= this.limitBytes;
  }

  /**
   * Adds a piece that is within the limit.
   *
   * @param mayGrow - Asked before so much more memory is held. False: there is none, and the piece was not added.
   */
  add(piece: Buffer, mayGrow: (bytes: number) => boolean = () => true): boolean {
    const needed = this.#size + piece.length;
    // The whole body at once, and nothing beside it in its memory: there is nothing to gather.
    if (piece.length === this.declaredBytes && piece.length === piece.buffer.byteLength) {
      if (!mayGrow(piece.length)) return false;
      this.#buffer = piece;
      this.#size = needed;
      return true;
    }
    if (needed > this.#buffer.length) {
      const first = Math.min(this.declaredBytes || FIRST_CAPACITY, FIRST_CAPACITY);
      const capacity = Math.min(this.limitBytes, Math.max(needed, this.#buffer.length * 2, first));
      if (!mayGrow(capacity - this.#buffer.length)) return false;
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    piece.copy(this.#buffer, this.#size);
    this.#size = needed;
    return true;
  }
}
