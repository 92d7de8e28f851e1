// Who may send to a source, and how much: judged before a byte of a body is read and before any signature is checked, so
// that a flood costs next to nothing.
import { Injectable } from '@nestjs/common';
import { isWithin, parseNetwork } from '../kernel/address-ranges.js';
import type { Network } from '../kernel/address-ranges.js';
import { monotonicNow } from '../kernel/clock.js';
import { SharedBuckets } from '../kernel/shared-buckets.js';
import type { Rate } from '../kernel/token-buckets.js';
import type { HttpRequest } from '../platform/http/index.js';
import type { OpenSource } from '../registry/index.js';
import { InvalidSignatureError, TooManyRequestsError } from './inbound.errors.js';
import { Rejections } from './rejections/rejections.js';
import { SourceRateRepository } from './source-rate.repository.js';
import type { RatedSource } from './source-rate.repository.js';

type Limits = Pick<OpenSource, 'id' | 'tenantId' | 'name' | 'allowedIps' | 'rateLimit'>;

@Injectable()
export class SourceLimits {
  /** Kept in PostgreSQL. A flood costs it nothing: once nothing is left, nobody asks before there is something again. */
  readonly #rates = new SharedBuckets(monotonicNow);
  readonly #networks = new WeakMap<readonly string[], readonly Network[]>();

  constructor(
    private readonly rejections: Rejections,
    private readonly rates: SourceRateRepository,
  ) {}

  /**
   * @throws InvalidSignatureError for an address that is not allowed, which is told nothing else; TooManyRequestsError.
   */
  async check(source: Limits, request: HttpRequest): Promise<void> {
    const { allowedIps, rateLimit } = source;
    if (allowedIps && !isWithin(request.ip ?? '', this.networksOf(allowedIps))) {
      this.rejections.count(source, 'ip_not_allowed', request);
      throw new InvalidSignatureError();
    }
    if (rateLimit && !(await this.mayCome(source, rateLimit))) {
      this.rejections.count(source, 'rate_limited', request);
      throw new TooManyRequestsError(Math.ceil(rateLimit.perSeconds / rateLimit.max));
    }
  }

  private async mayCome(source: RatedSource, rate: Rate): Promise<boolean> {
    return (await this.#rates.take(source.id, rate, (wanted) => this.rates.take(source, rate, wanted))) === 0;
  }

  private networksOf(allowedIps: readonly string[]): readonly Network[] {
    const networks = this.#networks.get(allowedIps) ?? allowedIps.map(parseNetwork);
    this.#networks.set(allowedIps, networks);
    return networks;
  }
}
