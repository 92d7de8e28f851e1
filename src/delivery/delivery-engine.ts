// Drives deliveries: claim → send → judge → settle, with as many requests in flight as the settings allow. Rows are the
// truth: whatever this process forgets, a lease that ends brings back.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import { FIRST_ID, lowestIdAt } from '../kernel/ids.js';
import { MAX_RETRY_AFTER_MS, parseRetryAfter } from '../kernel/retry-schedule.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { ClaimQuery } from './claim.js';
import type { Claim, ClaimedDelivery } from './claim.js';
import { LEASE_MARGIN_MS } from './claim.statements.js';
import { CustomHeaders } from './custom-headers.js';
import { DeliveryWake } from './delivery-wake.js';
import { HttpClient } from './http-client.js';
import type { ExchangeResult } from './http-client.js';
import { MAY_ASK_TO_WAIT } from './outcome.js';
import { bodyOf, headersOf } from './payload-format.js';
import { signRequest } from './request.js';
import type { SignedRequest } from './request.js';
import { RetryJudge } from './retry-judge.js';
import { NO_ROOM, SendQueue } from './send-queue.js';
import type { Room } from './send-queue.js';
import { SettleBatch } from './settle.js';
import { SigningKeys } from './signing-keys.js';

/** How long the table is left alone when nothing is due and nobody wakes us. */
const POLL_MIN_MS = 250;
const POLL_MAX_MS = 1_000;

/** Old partitions are left out of the walk, but looked at this often: a delivery of last week may be due again. */
const FULL_WALK_MS = 1_000;
const DAY_MS = 86_400_000;

const TOO_MANY_REQUESTS = 429;

/** How long to wait for free slots, or for outcomes to be written, before looking again unasked. */
const BUSY_MS = 50;

/** For so long after a walk that saw all that is due, nothing is taken to have waited for long. */
const CAUGHT_UP_MS = 2 * POLL_MAX_MS;

/** Outcomes that may wait to be written, per slot: PostgreSQL away must stop the sending, not fill the memory. */
const MAX_BACKLOG_FACTOR = 4;

/** Deliveries that are ours to send, and the data of their events. */
type Ready = Pick<Claim, 'claimed' | 'data'>;

/** A delivery on its way out. */
interface Outgoing {
  readonly webhookId: string;
  readonly maxInFlight?: number;
  readonly paced: boolean;
  readonly bytes: number;
  readonly delivery: ClaimedDelivery;
  readonly body: Buffer;
  readonly claimedAt: number;
}

@Injectable()
export class DeliveryEngine implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Delivery');
  private readonly queue: SendQueue<Outgoing>;
  /** Who we are in CloudEvents. */
  private readonly source: string;
  private running: Promise<void> | undefined;
  private stopping = false;
  private cursor = FIRST_ID;
  private lastFullWalkAt = -FULL_WALK_MS;
  private oldWorkIsDue = false;
  /** When the last walk saw all that is due, on the monotonic clock; `undefined`: it did not come that far. */
  private caughtUpAt: number | undefined;
  private readonly handedOver = new Set<Promise<void>>();

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly claims: ClaimQuery,
    private readonly keys: SigningKeys,
    private readonly customHeaders: CustomHeaders,
    private readonly http: HttpClient,
    private readonly retries: RetryJudge,
    private readonly settle: SettleBatch,
    private readonly wake: DeliveryWake,
  ) {
    this.source = settings.publicUrl ?? 'posthorn';
    this.queue = new SendQueue(
      settings.deliveryConcurrency,
      (outgoing) => this.send(outgoing),
      () => wake.local(),
    );
  }

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.running = this.run();
  }

  /** Nothing new is claimed; requests in flight end, up to the shutdown timeout, and their outcomes are written. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.wake.local();
    await this.running;
    await Promise.allSettled(this.handedOver);
    await this.release(this.queue.stop().map(({ delivery }) => delivery));
    await this.queue.idle(this.settings.shutdownTimeoutMs);
    await this.settle.drain();
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
    if (!this.hasCaughtUp || this.stopping || this.isBehind) return store(NO_ROOM);
    const room = this.queue.reserve(items, bytes);
    const claimedAt = monotonicNow();
    const storing = store(room).finally(() => this.queue.unreserve(room));
    const sending = storing
      .then(
        ({ claim }) => this.sendAll(claim, claimedAt),
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
      this.wake.reset();
      if (!this.queue.worthClaiming || this.isBehind) {
        await this.wake.wait(BUSY_MS);
        continue;
      }
      try {
        if ((await this.pass()) > 0) {
          idleMs = POLL_MIN_MS;
          continue;
        }
      } catch (error) {
        this.logger.warn(`Claiming failed, trying again: ${(error as Error).message}`);
        idleMs = POLL_MAX_MS;
      }
      await this.wake.wait(idleMs);
      idleMs = Math.min(idleMs * 2, POLL_MAX_MS);
    }
  }

  /** What is due was all seen a moment ago: whatever came since is hardly overtaken. */
  private get hasCaughtUp(): boolean {
    return this.caughtUpAt !== undefined && monotonicNow() - this.caughtUpAt < CAUGHT_UP_MS;
  }

  /** Outcomes cannot be written as fast as they come. */
  private get isBehind(): boolean {
    return this.settle.backlog > this.settings.deliveryConcurrency * MAX_BACKLOG_FACTOR;
  }

  /** One walk from the cursor on. Returns how many rows it took; 0 only once a walk from the very start finds none. */
  private async pass(): Promise<number> {
    const from = this.cursor;
    const claimedAt = monotonicNow();
    // A transaction may commit long after its ids were made, and clocks differ: hence a whole day.
    const dayAgo = lowestIdAt(this.clock() - DAY_MS);
    const full = this.oldWorkIsDue || claimedAt - this.lastFullWalkAt >= FULL_WALK_MS;
    const lowWater = full ? FIRST_ID : dayAgo;
    const room = this.queue.room();
    const walk = await this.claims.claim(room, { after: from, lowWater });
    this.cursor = walk.lastWebhookId ?? FIRST_ID;
    this.caughtUpAt = from === FIRST_ID && walk.lastWebhookId === undefined ? claimedAt : undefined;
    if (full) {
      this.oldWorkIsDue = walk.claimed.some(({ id }) => id < dayAgo);
      if (from === FIRST_ID) this.lastFullWalkAt = claimedAt;
    }
    const found = countedBy(walk.claimed, ({ webhookId }) => webhookId);
    await this.sendAll(walk, claimedAt);
    this.queue.noteWalk(room, found, found.size + walk.paced.length);
    const taken = walk.taken + (await this.passPaced(walk.paced));
    return taken === 0 && from !== FIRST_ID ? 1 : taken;
  }

  /** Sends what webhooks with limits of their own may be sent now. Returns how many deliveries changed their state. */
  private async passPaced(webhookIds: readonly string[]): Promise<number> {
    if (webhookIds.length === 0) return 0;
    const claimedAt = monotonicNow();
    const claim = await this.claims.claimPaced(webhookIds, this.queue.room());
    await this.sendAll(claim, claimedAt);
    return claim.taken;
  }

  private async sendAll({ claimed, data }: Ready, claimedAt: number): Promise<void> {
    if (claimed.length === 0) return;
    try {
      await this.keys.prepare(claimed.flatMap(({ secretIds }) => secretIds));
    } catch (error) {
      await this.release(claimed);
      throw error;
    }
    const bodies = new Map<string, Buffer>();
    for (const delivery of claimed) {
      const text = data.get(delivery.eventId);
      if (!text) {
        // The last gate before an empty payload is sent. Its lease brings it to its end.
        this.logger.error(`Delivery ${delivery.id} could not be sent: its payload was erased`);
        continue;
      }
      const key = `${delivery.format}/${delivery.eventId}`;
      let body = bodies.get(key);
      if (!body) bodies.set(key, (body = bodyOf(delivery, text, delivery.format, this.source)));
      this.queue.add({
        webhookId: delivery.webhookId,
        maxInFlight: delivery.maxInFlight,
        paced: delivery.paced,
        bytes: body.length,
        delivery,
        body,
        claimedAt,
      });
    }
  }

  /** Sends, judges and hands over to be settled. Resolves with how long the receiver took; never rejects. */
  private async send({ delivery, body, claimedAt }: Outgoing): Promise<number> {
    try {
      // It may have waited, or the process have stood still: a send must end before its lease does, or another repeats it.
      // One that is worth nothing any more ends at its next claim.
      const waitedMs = monotonicNow() - claimedAt;
      if (waitedMs > LEASE_MARGIN_MS / 2 || waitedMs >= delivery.expiresInMs) {
        await this.release([delivery]);
        return 0;
      }
      const keys = this.keys.of(delivery.secretIds);
      if (keys.length === 0) throw new Error('none of its signing secrets can be read, and nothing goes out unsigned');
      const startedAt = this.clock();
      const request = signRequest(
        delivery,
        body,
        keys,
        startedAt,
        this.customHeaders.of(delivery.webhookId, delivery.headersBox),
        headersOf(delivery, delivery.format, this.source),
      );
      const result = await this.http.post(delivery.url, request.headers, request.body, delivery.timeoutMs);
      this.record(delivery, request, result, startedAt, claimedAt);
      return result.durationMs;
    } catch (error) {
      // Its lease brings it back.
      this.logger.error(`Delivery ${delivery.id} could not be sent: ${(error as Error).message}`);
      return 0;
    }
  }

  private record(
    delivery: ClaimedDelivery,
    request: SignedRequest,
    result: ExchangeResult,
    startedAt: number,
    claimedAt: number,
  ): void {
    const retryAfterMs = this.retryAfter(result, delivery.policy.maxWaitMs);
    const leftMs = delivery.expiresInMs - (monotonicNow() - claimedAt);
    const verdict = this.retries.judge({ ...result, retryAfterMs }, delivery, leftMs);
    this.settle.add({
      delivery,
      // A receiver that is asked too much means all of it, not this one delivery.
      pauseMs: retryAfterMs ?? (result.httpStatus === TOO_MANY_REQUESTS ? verdict.askedMs : undefined),
      verdict,
      attempt: {
        startedAt: new Date(startedAt),
        durationMs: result.durationMs,
        outcome: result.outcome,
        httpStatus: result.httpStatus,
        error: result.error,
        url: delivery.url,
        requestHeaders: request.loggedHeaders,
        responseHeaders: result.headers && JSON.stringify(result.headers),
        responseBody: result.body,
      },
      leaseEndsAt: claimedAt + delivery.timeoutMs + LEASE_MARGIN_MS,
    });
  }

  /** Gives back what was claimed and will not be sent from here; where that fails, its lease does it. */
  private release(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    return this.claims.release(deliveries).catch(() => undefined);
  }

  private retryAfter(
    { httpStatus, headers }: ExchangeResult,
    ceilingMs: number = MAX_RETRY_AFTER_MS,
  ): number | undefined {
    if (httpStatus === undefined || !MAY_ASK_TO_WAIT.has(httpStatus)) return undefined;
    const value = headers?.['retry-after'];
    return typeof value === 'string' ? parseRetryAfter(value, this.clock(), ceilingMs) : undefined;
  }
}

function countedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
