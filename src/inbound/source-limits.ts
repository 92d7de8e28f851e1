// Who may send to a source, and how much: judged before a byte of a body is read and before any signature is checked, so
// that a flood costs next to nothing. Each process counts for itself: with n replicas up to n times the rate gets in.
import { Injectable } from '@nestjs/common';
import { isWithin, parseNetwork } from '../kernel/address-ranges.js';
import type { Network } from '../kernel/address-ranges.js';
import { monotonicNow } from '../kernel/clock.js';
import { TokenBuckets } from '../kernel/token-buckets.js';
import type { HttpRequest } from '../platform/http/index.js';
import type { OpenSource } from '../registry/index.js';
import { InvalidSignatureError, TooManyRequestsError } from './inbound.errors.js';
import { Rejections } from './rejections/rejections.js';

type Limits = Pick<OpenSource, 'id' | 'tenantId' | 'name' | 'allowedIps' | 'rateLimit'>;

@Injectable()
export class SourceLimits {
  readonly #networks = new WeakMap<readonly string[], readonly Network[]>();
  readonly #buckets = new TokenBuckets(monotonicNow);

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
    if (rateLimit && this.#buckets.take(source.id, rateLimit) > 0) {
      this.rejections.count(source, 'rate_limited', request);
      throw new TooManyRequestsError(Math.ceil(rateLimit.perSeconds / rateLimit.max));
    }
  }

  private networksOf(allowedIps: readonly string[]): readonly Network[] {
    const networks = this.#networks.get(allowedIps) ?? allowedIps.map(parseNetwork);
    this.#networks.set(allowedIps, networks);
    return networks;
  }
}
