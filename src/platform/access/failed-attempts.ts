// Holds back whoever tries keys: an address that has presented too many wrong ones is answered before anything is looked up.
// Each process counts for itself, in bounded memory. A burst that is under way before the first of it was refused passes.
import { addressBlock } from '../../kernel/address-ranges.js';
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import { PosthornError } from '../../kernel/errors.js';
import type { Settings } from '../config/index.js';

const MINUTE_MS = 60_000;

/** Bounds the memory; whoever was seen longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;
const MAX_CREDENTIALS = 10_000;

/** Too many wrong keys came from this address. */
export class TooManyAttemptsError extends PosthornError {
  constructor(readonly retryAfterSeconds: number) {
    super('rate_limited', 'too_many_attempts', 'Too many requests with a wrong API key came from this address.');
  }
}

/** The failures that an address has left, filled up again evenly over a minute. */
interface Allowance {
  left: number;
  atMs: number;
}

export class FailedAttempts {
  readonly #max: number;
  readonly #allowances = new BoundedMap<string, Allowance>(MAX_ADDRESSES);
  /** Digests of credentials that were right: behind one address there may be many callers, and these go on. */
  readonly #right = new BoundedMap<string, true>(MAX_CREDENTIALS);

  constructor(
    { maxAuthFailures }: Pick<Settings, 'maxAuthFailures'>,
    private readonly clock: Clock = monotonicNow,
  ) {
    this.#max = maxAuthFailures;
  }

  /** Whether any address has failed lately: else there is nothing to check. */
  get any(): boolean {
    return this.#allowances.size > 0;
  }

  /** @throws TooManyAttemptsError where the address has used up its failures, unless this credential was right before. */
  check(address: string, digest: string): void {
    const { left } = this.allowanceOf(addressBlock(address));
    if (left >= 1 || this.#right.has(digest)) return;
    throw new TooManyAttemptsError(Math.ceil(((1 - left) * MINUTE_MS) / this.#max / 1_000));
  }

  failed(address: string, digest: string): void {
    this.#right.delete(digest);
    if (this.#max === 0) return;
    const block = addressBlock(address);
    const { left, atMs } = this.allowanceOf(block);
    this.#allowances.set(block, { left: Math.max(0, left - 1), atMs });
  }

  succeeded(digest: string): void {
    if (this.#max === 0 || this.#right.has(digest)) return;
    this.#right.set(digest, true);
  }

  /** As of now; what has filled up again is forgotten. */
  private allowanceOf(block: string): Allowance {
    const nowMs = this.clock();
    const known = this.#allowances.get(block);
    if (!known) return { left: this.#max, atMs: nowMs };
    const left = Math.min(this.#max, known.left + ((nowMs - known.atMs) * this.#max) / MINUTE_MS);
    if (left === this.#max) this.#allowances.delete(block);
    return { left, atMs: nowMs };
  }
}
