// The rate of a source, which all replicas keep together. A flood costs the database nothing: requests that come at the same
// moment ask it as one, each process keeps a hundredth of the rate in hand, and once nothing is left, nobody asks before there
// is something again. The edge: what one process has in hand, no other can give out.
import { Injectable } from '@nestjs/common';
import { BoundedMap } from '../kernel/bounded-map.js';
import { monotonicNow } from '../kernel/clock.js';
import type { Rate } from '../kernel/token-buckets.js';
import { Gatherer } from '../platform/database/index.js';
import { SourceRateRepository } from './source-rate.repository.js';
import type { RatedSource } from './source-rate.repository.js';

/** Sources remembered; of one that is forgotten, only what was in hand is lost. */
const MAX_SOURCES = 10_000;
const PARTS_IN_HAND = 100;

/** What this process knows of a source's rate. */
interface Share {
  readonly source: RatedSource;
  readonly rate: Rate;
  inHand: number;
  /** Until then there is nothing to be had. */
  emptyUntilMs: number;
}

interface Asking {
  readonly key: string;
  readonly number: number;
  readonly share: Share;
}

@Injectable()
export class SourceRates {
  readonly #shares = new BoundedMap<string, Share>(MAX_SOURCES);
  readonly #asking: Gatherer<Asking, boolean>;
  #asked = 0;

  constructor(private readonly repository: SourceRateRepository) {
    this.#asking = new Gatherer({
      lineOf: ({ key }) => key,
      keyOf: ({ number }) => String(number),
      bytesOf: () => 0,
      write: (askers) => this.ask(askers),
    });
  }

  /** Whether one more request may come in now. */
  async take(source: RatedSource, rate: Rate): Promise<boolean> {
    // A rate that was changed is another one: what is known of the old one says nothing.
    const key = `${source.id} ${rate.max}/${rate.perSeconds}`;
    const share = this.shareOf(key, source, rate);
    if (share.inHand > 0) {
      share.inHand -= 1;
      return true;
    }
    if (monotonicNow() < share.emptyUntilMs) return false;
    return this.#asking.add({ key, share, number: (this.#asked += 1) });
  }

  private async ask(askers: readonly Asking[]): Promise<boolean[]> {
    const { share } = askers[0] as Asking;
    // Those who asked before them may have had the last of it.
    if (monotonicNow() < share.emptyUntilMs) return askers.map(() => false);
    const wanted = askers.length + Math.floor(share.rate.max / PARTS_IN_HAND);
    const { granted, waitMs } = await this.repository.take(share.source, share.rate, wanted);
    if (granted < wanted) share.emptyUntilMs = monotonicNow() + waitMs;
    share.inHand += Math.max(granted - askers.length, 0);
    return askers.map((_, at) => at < granted);
  }

  private shareOf(key: string, source: RatedSource, rate: Rate): Share {
    const share = this.#shares.get(key) ?? { source, rate, inHand: 0, emptyUntilMs: 0 };
    this.#shares.set(key, share);
    return share;
  }
}
