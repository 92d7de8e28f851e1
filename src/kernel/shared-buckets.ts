// Rates that all replicas keep together, at the price of few questions to whoever keeps them: a process takes a hundredth of a
// rate at a time and gives it out by itself, requests that wait at the same moment share one answer, and while nothing is left
// nobody asks. The edge: what a process has in hand, no other can give out. It does not expire, so up to a hundredth per replica
// may come on top.
import { BoundedMap } from './bounded-map.js';
import type { Clock } from './clock.js';
import type { Rate } from './token-buckets.js';

/** What was got of that which was asked for, and in how many milliseconds there will be one more. */
export interface Grant {
  readonly granted: number;
  readonly waitMs: number;
}

/** Takes up to `wanted` tokens from where all replicas keep them; `undefined` where nobody answers. */
export type TakeShared = (wanted: number) => Promise<Grant | undefined>;

/** Keys remembered; of one that is forgotten, only what was in hand is lost. */
const MAX_SHARES = 10_000;
const PARTS_IN_HAND = 100;

/** What this process knows of a key's rate. */
interface Share {
  inHand: number;
  /** Until then there is nothing to be had. */
  emptyUntilMs: number;
  /** How many requests wait for the answer. */
  waiting: number;
  /** The question under way: whether there was an answer. */
  asking?: Promise<boolean>;
}

export class SharedBuckets {
  readonly #shares = new BoundedMap<string, Share>(MAX_SHARES);

  constructor(private readonly clock: Clock) {}

  /**
   * Takes a token.
   *
   * @returns 0, or in how many seconds there will be one; `undefined` where nobody answers.
   * @throws what `takeShared` throws, to all who waited for it.
   */
  async take(key: string, rate: Rate, takeShared: TakeShared): Promise<number | undefined> {
    // A rate that was changed is another one: what is known of the old one says nothing.
    const share = this.shareOf(`${key} ${rate.max}/${rate.perSeconds}`);
    for (;;) {
      if (share.inHand > 0) {
        share.inHand -= 1;
        return 0;
      }
      const waitMs = share.emptyUntilMs - this.clock();
      if (waitMs > 0) return waitMs / 1_000;
      // Whoever has to ask once more counts those who still wait, so nothing may be awaited between an answer and the next look.
      share.waiting += 1;
      share.asking ??= this.ask(share, rate, takeShared);
      try {
        if (!(await share.asking)) return undefined;
      } finally {
        share.waiting -= 1;
      }
    }
  }

  private async ask(share: Share, { max }: Rate, takeShared: TakeShared): Promise<boolean> {
    const wanted = share.waiting + Math.floor(max / PARTS_IN_HAND);
    try {
      const grant = await takeShared(wanted);
      if (!grant) return false;
      share.inHand += grant.granted;
      if (grant.granted < wanted) share.emptyUntilMs = this.clock() + grant.waitMs;
      return true;
    } finally {
      share.asking = undefined;
    }
  }

  private shareOf(key: string): Share {
    const share = this.#shares.get(key) ?? { inHand: 0, emptyUntilMs: 0, waiting: 0 };
    this.#shares.set(key, share);
    return share;
  }
}
