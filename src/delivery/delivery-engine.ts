// Drives deliveries: looks for what is due whenever there is room to send it, and takes what is handed over as it is
// stored. Rows are the truth: whatever this process forgets, a lease that ends brings back.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import { FIRST_ID } from '../kernel/ids.js';
import { isDatabaseAway } from '../platform/http/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { ShutdownDeadline } from '../platform/shutdown-deadline.js';
import { ClaimQuery } from './claim/claim.js';
import type { Claim } from './claim/claim.js';
import { DeliveryWake } from './delivery-wake.js';
import { yesterdaysLowWater } from './low-water.js';
import { NO_ROOM } from './queue/send-queue.js';
import type { ClaimRoom, Room } from './queue/send-queue.js';
import { Sender } from './sender.js';
import type { Ready } from './sender.js';

/** How long the table is left alone when nothing is due and nobody wakes us. */
const POLL_MIN_MS = 250;
const POLL_MAX_MS = 1_000;

/** Old partitions are left out of the walk, but looked at this often: a delivery of last week may be due again. */
const FULL_WALK_MS = 1_000;

/** How long to wait for free slots, or for outcomes to be written, before looking again unasked. */
const BUSY_MS = 50;

/**
 * After a walk over all webhooks that was not quick, none is made for so many times as long as it took: every receiver that is down
 * costs each walk something.
 */
const QUICK_WALK_MS = 5;
const REST = 20;

/** How many webhooks one claim names. */
const MAX_NAMED = 500;

/** Bounds the memory. Where there are more, a walk finds them. */
const MAX_PROSPECTS = 10_000;

/** For so long after a walk that saw all that is due, nothing is taken to have waited for long. */
const CAUGHT_UP_MS = 2 * POLL_MAX_MS;

@Injectable()
export class DeliveryEngine implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Delivery');
  private running: Promise<void> | undefined;
  private stopping = false;
  /** Webhooks that probably have something due: hints named them, or they had more than there was room for. */
  private readonly prospects = new Set<string>();
  /** Others may have something due. */
  private walkIsAsked = true;
  private walkRestsUntil = -Infinity;
  private walkedAt = -Infinity;
  private cursor = FIRST_ID;
  private lastFullWalkAt = -FULL_WALK_MS;
  private oldWorkIsDue = false;
  /** When the last walk saw all that is due, on the monotonic clock; `undefined`: it did not come that far. */
  private caughtUpAt: number | undefined;
  private readonly handedOver = new Set<Promise<void>>();
  /** When the loop last came round, on the monotonic clock. */
  private cameRoundAt: number | undefined;

  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly claims: ClaimQuery,
    private readonly sender: Sender,
    private readonly wake: DeliveryWake,
    private readonly shutdown: ShutdownDeadline,
  ) {}

  start(): void {
    this.cameRoundAt = monotonicNow();
    this.running = this.run();
  }

  /**
   * For how long the loop has not come round, because a look at the table does not end, or fails although the database is there.
   * Being busy does not count, and neither does a database that is away. 0 where this process does not deliver.
   */
  standstillMs(): number {
    return this.cameRoundAt === undefined || this.stopping ? 0 : monotonicNow() - this.cameRoundAt;
  }

  /** Nothing new is claimed from the beginning of a stop on, whatever else is waited for first. */
  onModuleDestroy(): void {
    this.stopping = true;
    this.wake.nudge();
  }

  /** Requests in flight end, up to the shutdown timeout, and their outcomes are written. */
  async beforeApplicationShutdown(): Promise<void> {
    // Where PostgreSQL hangs, what waits for it never ends.
    await this.shutdown.wait(Promise.allSettled([this.running, ...this.handedOver]));
    await this.sender.stop();
  }

  /**
   * Sends deliveries that are claimed as they are stored, and so need no claim of their own. There is room for them
   * while nothing else is due that they would overtake.
   *
   * @param items - How many deliveries there may be.
   * @param bytes - Of the largest of their events' data.
   * @param store - Stores them and claims as many as there is room for. Once it resolves, they are committed.
   */
  async handOver<Stored extends { readonly claim: Ready }>(
    items: number,
    bytes: number,
    store: (room: Room) => Promise<Stored>,
  ): Promise<Stored> {
    if (!this.hasCaughtUp || this.stopping || this.sender.isBehind) return store(NO_ROOM);
    const { queue } = this.sender;
    const room = queue.reserve(items, bytes);
    const claimedAt = monotonicNow();
    const storing = store(room).finally(() => queue.unreserve(room));
    const sending = storing
      .then(
        ({ claim }) => this.sender.sendAll(claim, claimedAt),
        () => undefined,
      )
      .catch((error: Error) => this.logger.warn(`Deliveries wait in the table: ${error.message}`))
      .finally(() => this.handedOver.delete(sending));
    this.handedOver.add(sending);
    return storing;
  }

  private async run(): Promise<void> {
    let idleMs = POLL_MIN_MS;
    while (!this.stopping) {
      this.note(this.wake.take().names);
      void this.sender.giveBackOverdue();
      this.sender.queue.resume();
      if (!this.sender.queue.worthClaiming || this.sender.isBehind) {
        this.cameRoundAt = monotonicNow();
        await this.wake.wait(BUSY_MS);
        continue;
      }
      const isWalk = this.walkIsDue;
      try {
        const taken = isWalk ? await this.walk() : await this.claimProspects();
        this.cameRoundAt = monotonicNow();
        if (taken > 0) {
          // Where something was due, more has often come meanwhile, and its hint is still on its way.
          this.walkIsAsked = true;
          idleMs = POLL_MIN_MS;
          continue;
        }
      } catch (error) {
        if (isDatabaseAway(error)) this.cameRoundAt = monotonicNow();
        this.logger.warn(`Claiming failed, trying again: ${(error as Error).message}`);
        idleMs = POLL_MAX_MS;
      }
      const walkRests = this.walkIsAsked && !isWalk;
      const waitMs = walkRests ? Math.max(0, this.walkRestsUntil - monotonicNow()) : idleMs;
      if (!(await this.wake.wait(waitMs))) this.walkIsAsked = true;
      idleMs = Math.min(idleMs * 2, POLL_MAX_MS);
    }
  }

  /** What is due was all seen a moment ago: whatever came since is hardly overtaken. */
  private get hasCaughtUp(): boolean {
    return this.caughtUpAt !== undefined && monotonicNow() - this.caughtUpAt < CAUGHT_UP_MS;
  }

  /** Remembers webhooks that have something due; `undefined`: any may have. */
  private note(webhookIds: readonly string[] | undefined): void {
    if (webhookIds === undefined) this.walkIsAsked = true;
    for (const webhookId of webhookIds ?? []) this.prospects.add(webhookId);
    if (this.prospects.size <= MAX_PROSPECTS) return;
    this.prospects.clear();
    this.walkIsAsked = true;
  }

  /** Whoever nobody hints at is found by a walk: also while hints keep us busy. */
  private get walkIsDue(): boolean {
    const now = monotonicNow();
    return now >= this.walkRestsUntil && (this.walkIsAsked || now - this.walkedAt >= POLL_MAX_MS);
  }

  /** Claims of all webhooks, from the cursor on. Returns how many deliveries changed; 0 only where a walk from the very start finds none. */
  private async walk(): Promise<number> {
    const from = this.cursor;
    const claimedAt = monotonicNow();
    this.walkedAt = claimedAt;
    this.walkIsAsked = false;
    const yesterday = this.yesterday();
    const full = this.oldWorkIsDue || claimedAt - this.lastFullWalkAt >= FULL_WALK_MS;
    const room = this.sender.queue.room();
    const walk = await this.claims.claim(room, { after: from, lowWater: full ? FIRST_ID : yesterday });
    const now = monotonicNow();
    this.cursor = walk.lastWebhookId ?? FIRST_ID;
    const sawAll = from === FIRST_ID && !isPartly(walk);
    this.caughtUpAt = sawAll ? claimedAt : undefined;
    if (full) {
      this.oldWorkIsDue = walk.claimed.some(({ id }) => id < yesterday);
      if (from === FIRST_ID) this.lastFullWalkAt = claimedAt;
    }
    if (sawAll) {
      this.prospects.clear();
      const tookMs = now - claimedAt;
      this.walkRestsUntil = tookMs > QUICK_WALK_MS ? now + Math.min(tookMs * REST, POLL_MAX_MS) : now;
    } else this.walkIsAsked = true;
    const found = countedBy(walk.claimed, ({ webhookId }) => webhookId);
    await this.send(walk, claimedAt, room, new Set([...room.perBusyWebhook.keys(), ...found.keys()]));
    this.sender.queue.noteWalk(found.size + walk.paced.length);
    const taken = walk.taken + (await this.sendPaced(walk.paced));
    return taken === 0 && from !== FIRST_ID ? 1 : taken;
  }

  /** Claims of those webhooks that probably have something due, where there is room for it. Returns how many deliveries changed. */
  private async claimProspects(): Promise<number> {
    const { queue } = this.sender;
    const { perBusyWebhook } = queue.room();
    const named = [...this.prospects].filter((webhookId) => perBusyWebhook.get(webhookId) !== 0).slice(0, MAX_NAMED);
    if (named.length === 0) return 0;
    const claimedAt = monotonicNow();
    const room = queue.room(named.length);
    const claim = await this.claims.claimNamed(named, room, this.oldWorkIsDue ? FIRST_ID : this.yesterday());
    // Those that it did not come to are the first of the next.
    const isPart = isPartly(claim);
    const found = new Set(claim.claimed.map(({ webhookId }) => webhookId));
    for (const webhookId of named) if (!isPart || found.has(webhookId)) this.prospects.delete(webhookId);
    if (isPart) this.note([...found]);
    await this.send(claim, claimedAt, room, named);
    return claim.taken + (await this.sendPaced(claim.paced));
  }

  /**
   * Sends what was claimed, and remembers of which webhooks there may be more.
   *
   * @param looked - Those that were looked at, as far as they have anything due or on its way.
   */
  private async send(claim: Claim, claimedAt: number, room: ClaimRoom, looked: Iterable<string>): Promise<void> {
    const found = countedBy(claim.claimed, ({ webhookId }) => webhookId);
    await this.sender.sendAll(claim, claimedAt);
    for (const webhookId of looked) {
      const hasMore = (found.get(webhookId) ?? 0) >= (room.perBusyWebhook.get(webhookId) ?? room.perWebhook);
      this.sender.queue.noteBacklog(webhookId, hasMore);
      if (hasMore) this.prospects.add(webhookId);
    }
  }

  /** Sends what webhooks with limits of their own may be sent now. Returns how many deliveries changed. */
  private async sendPaced(webhookIds: readonly string[]): Promise<number> {
    if (webhookIds.length === 0) return 0;
    const claimedAt = monotonicNow();
    const claim = await this.claims.claimPaced(webhookIds, this.sender.queue.room());
    await this.sender.sendAll(claim, claimedAt);
    if (claim.taken > 0) this.note(webhookIds);
    return claim.taken;
  }

  private yesterday(): string {
    return yesterdaysLowWater(this.clock());
  }
}

/** It took all that there was room for, or ended some instead of claiming them: there may be more of any. */
const isPartly = (claim: Claim): boolean =>
  claim.lastWebhookId !== undefined || claim.isCut || claim.taken > claim.claimed.length;

function countedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
