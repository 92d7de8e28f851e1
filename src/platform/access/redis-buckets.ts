// What is left of each limit, kept in Redis and filled up by its clock, so that any number of replicas share it whatever
// their clocks say. The edge: while Redis is away, slow or out of memory, there is no answer after a quarter of a second, and
// whoever asked decides alone. A bucket that Redis forgets is full again, which errs on the side of letting in.
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicNow } from '../../kernel/clock.js';
import type { Grant } from '../../kernel/shared-buckets.js';
import type { Rate } from '../../kernel/token-buckets.js';

/** A request waits no longer for what only counts it. */
const ANSWER_WITHIN_MS = 250;
const CONNECT_WITHIN_MS = 1_000;
/** While Redis is away, one request in so long asks it all the same. */
const TRY_AGAIN_MS = 1_000;
const LONGEST_RECONNECT_MS = 2_000;

/**
 * Takes up to ARGV[3] of KEYS[1], a bucket of ARGV[1] that fills up in ARGV[2] ms. One script is one moment: what two replicas take
 * is counted once each. The key is gone once the bucket would be full, which is what an absent one means.
 */
const TAKE = `
  local max, fillMs, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
  local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
  local tokens = math.min(max, (tonumber(kept[1]) or max) + math.max(now - (tonumber(kept[2]) or now), 0) * max / fillMs)
  local granted = math.min(wanted, math.floor(tokens))
  redis.call('HSET', KEYS[1], 'tokens', tokens - granted, 'at', now)
  redis.call('PEXPIRE', KEYS[1], math.ceil(fillMs))
  return { granted, tostring(tokens - granted) }`;

export class RedisBuckets {
  private readonly logger = new Logger('RequestLimits');
  private readonly redis: Redis;
  private away = false;
  private tryAgainAtMs = 0;

  /** @param answerWithinMs - How long a request waits for an answer. */
  constructor(
    url: string,
    private readonly answerWithinMs = ANSWER_WITHIN_MS,
  ) {
    this.redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: answerWithinMs,
      retryStrategy: (times) => Math.min(times * 100, LONGEST_RECONNECT_MS),
    });
    // Said once, by whoever asks; here it only must not end the process.
    this.redis.on('error', () => undefined);
  }

  /** Resolves when it is connected, or has not been for a while: a start does not wait for it. */
  async connect(): Promise<void> {
    await Promise.race([
      this.redis.connect().catch(() => undefined),
      delay(Math.max(CONNECT_WITHIN_MS, this.answerWithinMs), undefined, { ref: false }),
    ]);
  }

  /** Takes up to `wanted`; `undefined` while Redis does not answer. Never rejects. */
  async take(key: string, { max, perSeconds }: Rate, wanted: number): Promise<Grant | undefined> {
    const now = monotonicNow();
    if (this.away && now < this.tryAgainAtMs) return undefined;
    this.tryAgainAtMs = now + TRY_AGAIN_MS;
    try {
      // Who called, and for whom, is nobody's business in Redis. A limit that was changed is another bucket.
      const name = `posthorn:requests:${hash('sha256', key, 'base64url')}:${max}/${perSeconds}`;
      const fillMs = perSeconds * 1_000;
      const [granted, tokens] = (await this.redis.eval(TAKE, 1, name, max, fillMs, wanted)) as [number, string];
      if (this.away) this.logger.log('Redis is back: requests are limited over all replicas again.');
      this.away = false;
      return { granted, waitMs: ((1 - Number(tokens)) * fillMs) / max };
    } catch (error) {
      this.tell(error as Error);
      return undefined;
    }
  }

  close(): void {
    this.redis.disconnect();
  }

  private tell(error: Error): void {
    if (!this.away)
      this.logger.warn(
        `Redis is unreachable; until it is back, each replica limits requests by itself: ${error.message}`,
      );
    this.away = true;
  }
}
