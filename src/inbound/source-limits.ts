// Who may send to a source, and how much: judged before a byte of a body is read and before any signature is checked, so
// that a flood costs next to nothing. Each process counts for itself: with n replicas up to n times the rate gets in.
import { Injectable } from '@nestjs/common';
import { isWithin, parseNetwork } from '../kernel/address-ranges.js';
import type { Network } from '../kernel/address-ranges.js';
import { monotonicNow } from '../kernel/clock.js';
import type { HttpRequest } from '../platform/http/index.js';
import type { OpenSource } from '../registry/index.js';
import { InvalidSignatureError, TooManyRequestsError } from './inbound.errors.js';
import { Rejections } from './rejections/rejections.js';

type Limits = Pick<OpenSource, 'id' | 'tenantId' | 'name' | 'allowedIps' | 'rateLimit'>;

/** What is left of a source's rate at a moment. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** Bounds the memory; the source that was asked for longest ago starts anew. */
const MAX_BUCKETS = 10_000;

@Injectable()
export class SourceLimits {
  readonly #networks = new WeakMap<readonly string[], readonly Network[]>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly rejections: Rejections) {}

  /**
   * @throws InvalidSignatureError for an address that is not allowed, which is told nothing else; TooManyRequestsError.
   */
  check(source: Limits, request: HttpRequest): void {
    const { allowedIps, rateLimit } = source;
    if (allowedIps && !isWithin(request.ip ?? '', this.networksOf(allowedIps))) {
      this.rejections.count(source, 'ip_not_allowed', request);
      throw new InvalidSignatureError();
    }
    if (rateLimit && !this.take(source.id, rateLimit)) {
      this.rejections.count(source, 'rate_limited', request);
      throw new TooManyRequestsError(Math.ceil(rateLimit.perSeconds / rateLimit.max));
    }
  }

  /** A token bucket: `max` at once, filled up again evenly over `perSeconds`. */
  private take(sourceId: string, { max, perSeconds }: NonNullable<Limits['rateLimit']>): boolean {
    const nowMs = monotonicNow();
    const { tokens, atMs } = this.#buckets.get(sourceId) ?? { tokens: max, atMs: nowMs };
    const filled = Math.min(max, tokens + ((nowMs - atMs) * max) / (perSeconds * 1_000));
    const taken = filled >= 1;
    // Put last again: the first of the map is the one that was asked for longest ago.
    this.#buckets.delete(sourceId);
    this.#buckets.set(sourceId, { tokens: taken ? filled - 1 : filled, atMs: nowMs });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    return taken;
  }

  private networksOf(allowedIps: readonly string[]): readonly Network[] {
    const networks = this.#networks.get(allowedIps) ?? allowedIps.map(parseNetwork);
    this.#networks.set(allowedIps, networks);
    return networks;
  }
}
