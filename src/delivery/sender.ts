// Holds the deliveries that are ours until there is a slot to send them, and gives back what will not be sent from here. The
// settings say how many requests may be in flight. Which deliveries are claimed, and when, is the engine's part.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { SecretsAwayError } from '../platform/secrets/index.js';
import { ShutdownDeadline } from '../platform/shutdown-deadline.js';
import { Attempts, UNSIGNED_HOLD_MS } from './attempts.js';
import type { Outgoing } from './attempts.js';
import { ClaimRelease } from './claim/claim-release.js';
import { MAX_HELD_MS } from './claim/claim.statements.js';
import type { Claim } from './claim/claim.js';
import type { ClaimedDelivery } from './claim/claimed-delivery.js';
import { DeliveryWake } from './delivery-wake.js';
import { bodyOf, sourceOf } from './events/payload-format.js';
import { Revoked } from './revoked.js';
import { SendQueue } from './queue/send-queue.js';
import type { Sendable } from './queue/send-lane.js';
import { SettleBatch } from './settle/settle.js';
import { SigningKeys } from './signing/signing-keys.js';
import type { OpenedSecrets } from './signing/signing-keys.js';
import { TransformedBodies } from './events/transformed-bodies.js';

/** How often it is looked for what is held for too long. */
const OVERDUE_LOOK_MS = 1_000;

/** Outcomes that may wait to be written, per slot: PostgreSQL away must stop the sending, not fill the memory. */
const MAX_BACKLOG_FACTOR = 4;

/** The format that is the data of an event and nothing else. */
const DATA_ALONE = 'cloudevents-binary';

/** Deliveries that are ours to send, and the data of their events. */
export type Ready = Pick<Claim, 'claimed' | 'data'>;

@Injectable()
export class Sender {
  /** What is ours and not yet answered. */
  readonly queue: SendQueue<Outgoing & Sendable>;
  private readonly logger = new Logger('Delivery');
  private lookedForOverdueAt = 0;
  /** By webhook or event: when what was claimed of it was last given back, on the monotonic clock. The oldest first. */
  private readonly givenBackAt = new Map<string, number>();
  /** When the table was last asked what must not be sent any more, on the monotonic clock. */
  private askedForRevokedAt = -Infinity;
  /** Who we are in CloudEvents. */
  private readonly source: string;

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly claimed: ClaimRelease,
    private readonly keys: SigningKeys,
    private readonly attempts: Attempts,
    private readonly settle: SettleBatch,
    private readonly transformed: TransformedBodies,
    private readonly revoked: Revoked,
    private readonly shutdown: ShutdownDeadline,
    wake: DeliveryWake,
  ) {
    this.source = sourceOf(settings);
    this.queue = new SendQueue(
      settings.deliveryConcurrency,
      (outgoing) => this.attempt(outgoing),
      () => wake.nudge(),
    );
  }

  /** Outcomes cannot be written as fast as they come. */
  get isBehind(): boolean {
    return this.settle.backlog > this.settings.deliveryConcurrency * MAX_BACKLOG_FACTOR;
  }

  /**
   * Has them sent as soon as there are slots for them.
   *
   * @param claimedAt - When their claim began, on the monotonic clock: from then on their leases are counted.
   */
  async sendAll({ claimed, data }: Ready, claimedAt: number): Promise<void> {
    if (claimed.length === 0) return;
    let secrets: OpenedSecrets['secrets'];
    let signable: readonly ClaimedDelivery[];
    try {
      const opened = await this.keys.open(claimed.flatMap(({ secretIds }) => secretIds));
      ({ secrets } = opened);
      signable = await this.postponeUnsignable(claimed, opened.away);
      // The table was asked while these were on their way here, so nobody asked about them. After the last answer nothing is
      // awaited any more, so that none can be missed again.
      for (let askedAt = claimedAt; askedAt <= this.askedForRevokedAt;) {
        askedAt = monotonicNow();
        await this.giveBack(await this.revoked.among(claimed));
      }
    } catch (error) {
      await this.claimed.release(claimed);
      throw error;
    }
    const late = signable.filter((delivery) => this.wasGivenBack(delivery, claimedAt));
    const ready = late.length === 0 ? signable : signable.filter((delivery) => !late.includes(delivery));
    this.enqueue(ready, { data, secrets, claimedAt });
    await this.claimed.release(late);
  }

  /** Those whose secrets are here. The others come again later, and so does what else waits for their webhooks. */
  private async postponeUnsignable(
    claimed: readonly ClaimedDelivery[],
    away: OpenedSecrets['away'],
  ): Promise<readonly ClaimedDelivery[]> {
    if (away.size === 0) return claimed;
    const isUnsignable = ({ secretIds }: ClaimedDelivery): boolean => secretIds.some((id) => away.has(id));
    const later = claimed.filter(isUnsignable);
    for (const { webhookId } of later) this.queue.hold(webhookId, monotonicNow() + UNSIGNED_HOLD_MS);
    if (later.length > 0) await this.claimed.postpone(later, new SecretsAwayError().message);
    return claimed.filter((delivery) => !isUnsignable(delivery));
  }

  private enqueue(
    deliveries: readonly ClaimedDelivery[],
    { data, secrets, claimedAt }: Pick<Ready, 'data'> & Pick<OpenedSecrets, 'secrets'> & { readonly claimedAt: number },
  ): void {
    /** By format and event: one body for all deliveries that are sent the same. */
    const bodies = new Map<string, Buffer>();
    for (const delivery of deliveries) {
      const text = data.get(delivery.eventId);
      if (!text) {
        // The last gate before an empty payload is sent. Its lease brings it to its end.
        this.logger.error(`Delivery ${delivery.id} could not be sent: its payload was erased`);
        continue;
      }
      const isTransformed = this.transformed.isFor(delivery);
      const format = isTransformed ? DATA_ALONE : delivery.format;
      const key = `${format}/${delivery.eventId}`;
      let body = bodies.get(key);
      if (!body) bodies.set(key, (body = bodyOf(delivery, text, format, this.source)));
      this.queue.add({
        webhookId: delivery.webhookId,
        maxInFlight: delivery.maxInFlight,
        // What waits here when this process dies has failed, where it may be sent once at most.
        paced: delivery.paced || delivery.guarantee === 'at-most-once',
        bytes: Buffer.byteLength(text),
        delivery,
        secrets: delivery.secretIds.flatMap((id) => secrets.get(id) ?? []),
        body,
        isTransformed,
        claimedAt,
      });
    }
  }

  /**
   * For webhooks that pause or are gone, and for events that are erased, once that is on disk. Gives back what was claimed of
   * them and is not sent yet; what a claim brings that began before now goes back too. Requests in flight are left alone.
   * Never rejects.
   */
  async giveBack(ids: Iterable<string>): Promise<void> {
    const revoked = new Set(ids);
    if (revoked.size === 0) return;
    const now = monotonicNow();
    const waiting: ClaimedDelivery[] = [];
    for (const id of revoked) {
      this.givenBackAt.delete(id);
      this.givenBackAt.set(id, now);
      waiting.push(...this.queue.takeBack(id).map(({ delivery }) => delivery));
    }
    waiting.push(
      ...this.queue.takeWhere(({ delivery }) => revoked.has(delivery.eventId)).map(({ delivery }) => delivery),
    );
    for (const [id, at] of this.givenBackAt) {
      if (now - at <= MAX_HELD_MS) break;
      this.givenBackAt.delete(id);
    }
    await this.claimed.release(waiting);
  }

  /**
   * Asks the table which of the deliveries that wait here must not be sent any more, and gives them back. What is being claimed
   * at this moment is asked about when it comes.
   */
  async giveBackRevoked(): Promise<void> {
    this.askedForRevokedAt = monotonicNow();
    await this.giveBack(await this.revoked.among(this.queue.waitingItems.map(({ delivery }) => delivery)));
  }

  /**
   * Gives back what has waited here for too long: slots may be held for minutes, and if a lease ended here, its delivery would
   * count as an attempt of unknown outcome, though no byte of it was sent. Looks once a second, however often it is called.
   */
  async giveBackOverdue(): Promise<void> {
    const now = monotonicNow();
    if (now - this.lookedForOverdueAt < OVERDUE_LOOK_MS) return;
    this.lookedForOverdueAt = now;
    await this.claimed.release(
      this.queue.takeWhere(({ claimedAt }) => now - claimedAt > MAX_HELD_MS).map(({ delivery }) => delivery),
    );
  }

  /**
   * Starts nothing more: gives back what waits; requests in flight end, and outcomes are written, up to the shutdown timeout. What
   * is in flight even then ends as after a crash.
   */
  async stop(): Promise<void> {
    await this.shutdown.wait(this.claimed.release(this.queue.stop().map(({ delivery }) => delivery)));
    await this.queue.idle(this.shutdown.leftMs);
    await this.settle.close(this.shutdown.lastMs);
  }

  private wasGivenBack({ webhookId, eventId }: ClaimedDelivery, claimedAt: number): boolean {
    return [webhookId, eventId].some((id) => claimedAt <= (this.givenBackAt.get(id) ?? -Infinity));
  }

  /** Resolves with how long the receiver took; never rejects. */
  private async attempt(outgoing: Outgoing & Sendable): Promise<number> {
    const { tookMs, heldUntil } = await this.attempts.make(outgoing);
    // What waits is not given back yet: it would be claimed again before the table says that it has to wait.
    if (heldUntil !== undefined) this.queue.hold(outgoing.webhookId, heldUntil);
    return tookMs;
  }
}
