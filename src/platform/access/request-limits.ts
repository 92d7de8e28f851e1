// How many requests a caller and a tenant may make. Each process counts for itself: with n replicas, up to n times as many get
// in. The administrator is not limited: somebody must be able to raise a limit.
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import { PosthornError } from '../../kernel/errors.js';
import { TokenBuckets } from '../../kernel/token-buckets.js';
import type { Settings } from '../config/index.js';
import type { Principal } from './principal.js';

const MINUTE_SECONDS = 60;

/** The caller, or its tenant, has made as many requests as it may. */
export class RequestRateError extends PosthornError {
  constructor(
    whose: 'caller' | 'tenant',
    readonly retryAfterSeconds: number,
  ) {
    super('rate_limited', 'rate_limited', `Too many requests of this ${whose}; slow down.`);
  }
}

export class RequestLimits {
  readonly #buckets: TokenBuckets;

  constructor(
    private readonly settings: Pick<Settings, 'maxRequestsPerCaller' | 'maxRequestsPerTenant'>,
    clock: Clock = monotonicNow,
  ) {
    this.#buckets = new TokenBuckets(clock);
  }

  /** Counts a request. @throws RequestRateError */
  count({ tenantId, subject, installation }: Principal): void {
    if (installation) return;
    const { maxRequestsPerCaller, maxRequestsPerTenant } = this.settings;
    this.take('caller', `${tenantId} ${subject}`, maxRequestsPerCaller);
    this.take('tenant', tenantId, maxRequestsPerTenant);
  }

  private take(whose: 'caller' | 'tenant', key: string, max: number): void {
    if (max === 0) return;
    const waitSeconds = this.#buckets.take(key, { max, perSeconds: MINUTE_SECONDS });
    if (waitSeconds > 0) throw new RequestRateError(whose, Math.ceil(waitSeconds));
  }
}
