// How many requests a caller and a tenant may make: over all replicas with Redis, in each process without. The administrator is not
// limited: somebody must be able to raise a limit.
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { PosthornError } from '../../kernel/errors.js';
import { SharedBuckets } from '../../kernel/shared-buckets.js';
import { TokenBuckets } from '../../kernel/token-buckets.js';
import type { Rate } from '../../kernel/token-buckets.js';
import type { Settings } from '../config/index.js';
import type { Principal } from './principal.js';
import { RedisBuckets } from './redis-buckets.js';

const MINUTE_SECONDS = 60;

/** The caller, or its tenant, has made as many requests as it may. */
class RequestRateError extends PosthornError {
  constructor(
    whose: 'caller' | 'tenant',
    readonly retryAfterSeconds: number,
  ) {
    super('rate_limited', 'rate_limited', `Too many requests of this ${whose}; slow down.`);
  }
}

export class RequestLimits implements OnModuleInit, OnApplicationShutdown {
  readonly #redis: RedisBuckets | undefined;
  readonly #shared = new SharedBuckets(monotonicNow);
  /** What holds without Redis, and while it is away. */
  readonly #own = new TokenBuckets(monotonicNow);

  constructor(private readonly settings: Pick<Settings, 'maxRequestsPerCaller' | 'maxRequestsPerTenant' | 'redisUrl'>) {
    const { maxRequestsPerCaller, maxRequestsPerTenant, redisUrl } = settings;
    const any = maxRequestsPerCaller > 0 || maxRequestsPerTenant > 0;
    this.#redis = any && redisUrl !== undefined ? new RedisBuckets(redisUrl) : undefined;
  }

  async onModuleInit(): Promise<void> {
    await this.#redis?.connect();
  }

  onApplicationShutdown(): void {
    this.#redis?.close();
  }

  /** Counts a request. @throws RequestRateError */
  async count({ tenantId, subject, installation }: Principal): Promise<void> {
    if (installation) return;
    const { maxRequestsPerCaller, maxRequestsPerTenant } = this.settings;
    await this.take('caller', `${tenantId} ${subject}`, maxRequestsPerCaller);
    await this.take('tenant', tenantId, maxRequestsPerTenant);
  }

  private async take(whose: 'caller' | 'tenant', key: string, max: number): Promise<void> {
    if (max === 0) return;
    const waitSeconds = await this.waitSeconds(key, { max, perSeconds: MINUTE_SECONDS });
    if (waitSeconds > 0) throw new RequestRateError(whose, Math.ceil(waitSeconds));
  }

  private async waitSeconds(key: string, rate: Rate): Promise<number> {
    const redis = this.#redis;
    const shared = redis && (await this.#shared.take(key, rate, (wanted) => redis.take(key, rate, wanted)));
    return shared ?? this.#own.take(key, rate);
  }
}
