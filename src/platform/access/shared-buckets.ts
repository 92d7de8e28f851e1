// A limit that all replicas keep together, at the price of few round trips: a process takes a hundredth of it at a time, requests
// that wait at the same moment share one answer, and while nothing is left nobody asks. The edge: what a process has in hand, no
// other can give out. It does not expire, so up to a hundredth per replica may come on top in one minute.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import { TokenBuckets } from '../../kernel/token-buckets.js';
import type { Rate } from '../../kernel/token-buckets.js';
import type { RedisBuckets } from './redis-buckets.js';

/** Keys remembered; of one that is forgotten, only what was in hand is lost. */
const MAX_SHARES = 10_000;
const PARTS_IN_HAND = 100;

/** What this process knows of a key's limit. */
interface Share {
  inHand: number;
  /** Until then there is nothing to be had. */
  emptyUntilMs: number;
  waiting: number;
  /** Whether there was an answer. */
  asking?: Promise<boolean>;
}

export class SharedBuckets {
  readonly #shares = new BoundedMap<string, Share>(MAX_SHARES);
  /** What holds while Redis is away. */
  readonly #own = new TokenBuckets(monotonicNow);

  constructor(private readonly redis: RedisBuckets) {}

  /** Takes a token. Answers 0, or in how many seconds there will be one. Never rejects. */
  async take(key: string, rate: Rate): Promise<number> {
    const share = this.shareOf(key);
    for (;;) {
      if (share.inHand > 0) {
        share.inHand -= 1;
        return 0;
      }
      const waitMs = share.emptyUntilMs - monotonicNow();
      if (waitMs > 0) return waitMs / 1_000;
      share.waiting += 1;
      share.asking ??= this.ask(key, rate, share);
      const answered = await share.asking;
      share.waiting -= 1;
      if (!answered) return this.#own.take(key, rate);
    }
  }

  private async ask(key: string, rate: Rate, share: Share): Promise<boolean> {
    const wanted = share.waiting + Math.floor(rate.max / PARTS_IN_HAND);
    const grant = await this.redis.take(key, rate, wanted);
    share.asking = undefined;
    if (!grant) return false;
    share.inHand += grant.granted;
    if (grant.granted < wanted) share.emptyUntilMs = monotonicNow() + grant.waitMs;
    return true;
  }

  private shareOf(key: string): Share {
    const share = this.#shares.get(key) ?? { inHand: 0, emptyUntilMs: 0, waiting: 0 };
    this.#shares.set(key, share);
    return share;
  }
}
