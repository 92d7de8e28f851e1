// What is claimed and not yet answered. Requests in flight are limited, in all and for each webhook. For webhooks that answer
// quickly more deliveries wait here behind them, so that the round trip of one claim serves many.
import { isLarge, Lane, MAX_IN_FLIGHT_BYTES, MAX_WAITING_BYTES, WEBHOOK_PART } from './send-lane.js';
import type { Sendable } from './send-lane.js';

/** How many deliveries may be held, in flight and waiting, for each slot: there must be work while the next claim is under way. */
const HELD = 8;

/** How many slow webhooks are remembered. When there are more, the one that was noted first is forgotten. */
const MAX_SLOW = 10_000;

/** Room for items, by webhook. */
export interface Room {
  /** For items in all. */
  readonly total: number;
  /** For items of one webhook, unless `perBusyWebhook` says otherwise. */
  readonly perWebhook: number;
  /** Room left for webhooks that already have items here. */
  readonly perBusyWebhook: ReadonlyMap<string, number>;
}

/** Room for what a claim brings. */
export interface ClaimRoom extends Room {
  /** There is room for large bodies too. */
  readonly takesLarge: boolean;
}

/** Room that is kept free until `unreserve`. */
interface Reservation extends Room {
  readonly bytes: number;
}

export const NO_ROOM: Room = { total: 0, perWebhook: 0, perBusyWebhook: new Map() };

export class SendQueue<Item extends Sendable> {
  private readonly perWebhook: number;
  private readonly lanes = new Map<string, Lane<Item>>();
  /** The lanes in which something waits. The first has the next turn. */
  private readonly queued = new Map<string, Lane<Item>>();
  private inFlight = 0;
  /** Bytes of the large items in flight. */
  private inFlightBytes = 0;
  private waiting = 0;
  private readonly waitingBytes = { large: 0, small: 0 };
  private reserved = 0;
  private reservedBytes = 0;
  /** Requests in flight to slow webhooks. */
  private slowInFlight = 0;
  /**
   * Slow webhooks, remembered also while they have nothing here. The requests to a receiver that hangs all end at one deadline:
   * its lane goes with them, and without this its next requests would count as those of a quick webhook.
   */
  private readonly slow = new Set<string>();
  private webhooksOnWalk = 1;
  private stopped = false;
  private onIdle: (() => void) | undefined;

  /**
   * @param limit - Most requests in flight.
   * @param send - Sends one item and resolves with the milliseconds that its receiver took. Must not reject.
   * @param onRoom - Called when so much has become free that a claim is worth its round trip again.
   */
  constructor(
    private readonly limit: number,
    private readonly send: (item: Item) => Promise<number>,
    private readonly onRoom: () => void,
  ) {
    this.perWebhook = Math.max(1, Math.floor(limit / WEBHOOK_PART));
  }

  /** How much is in flight, and how much waits here for a slot. */
  get held(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.inFlight, waiting: this.waiting };
  }

  /** What waits here for a slot. */
  get waitingItems(): Item[] {
    return [...this.queued.values()].flatMap(({ waiting }) => waiting);
  }

  /** Whether a claim would bring enough to be worth it. */
  get worthClaiming(): boolean {
    return this.free >= this.limit && this.waitingBytes.small < MAX_WAITING_BYTES;
  }

  /** Starts what waited behind a hold that is over. Mostly the next answer does that; with nothing in flight there is none. */
  resume(): void {
    for (const [webhookId, lane] of this.lanes) this.forgetIdle(webhookId, lane);
    while (this.startNext());
  }

  /**
   * What may be claimed now. Each webhook gets an equal share of it, so that the first ones in line do not take it all. How
   * many there are to share is judged by how many had something due on the last walk, or have something here.
   *
   * @param asked - How many webhooks are asked for, where it is not all.
   */
  room(asked = 0): ClaimRoom {
    const { free: total, takesLarge } = this;
    const busy = [...this.lanes].map(([webhookId, lane]) => ({
      webhookId,
      room: takesLarge || !lane.waitsForLarge ? lane.worth : 0,
    }));
    const open = busy.filter(({ room }) => room > 0).length;
    const share = Math.max(1, Math.ceil(total / Math.max(this.webhooksOnWalk, open, asked)));
    const perBusyWebhook = new Map(busy.map(({ webhookId, room }) => [webhookId, Math.min(share, room)]));
    return { total, perWebhook: Math.min(share, this.perWebhook), perBusyWebhook, takesLarge };
  }

  /** Remembers on how many webhooks a walk over all of them found something. */
  noteWalk(webhooks: number): void {
    this.webhooksOnWalk = Math.max(1, webhooks);
  }

  /** Remembers whether more may be due for a webhook than a claim had room for. */
  noteBacklog(webhookId: string, isBacklogged: boolean): void {
    const lane = this.lanes.get(webhookId);
    if (lane) lane.backlogged = isBacklogged;
  }

  /**
   * Room for items that come ready to send, without a claim. There is none for a webhook that may have more due than is here:
   * that would be overtaken. What is given stays reserved until `unreserve`. Which webhooks it is for is not known before, so
   * each of them has that much less room meanwhile.
   *
   * @param items - How many there may be.
   * @param bytes - Of the largest of them.
   */
  reserve(items: number, bytes: number): Reservation {
    const { small, large } = this.waitingBytes;
    // Beside the largest of them, if that is large, there may be small ones.
    const left = MAX_WAITING_BYTES - (isLarge({ bytes }) ? Math.max(small, large) : small) - this.reservedBytes;
    // A claim's worth is left: what waits in the table has its turn too.
    const total = Math.max(0, Math.min(items, this.free - this.limit, Math.floor(left / bytes)));
    const unreserved = (room: number): number => Math.max(0, room - this.reserved);
    const perBusyWebhook = new Map<string, number>();
    for (const [webhookId, lane] of this.lanes)
      perBusyWebhook.set(webhookId, lane.backlogged ? 0 : unreserved(lane.room));
    const reservation = { total, perWebhook: unreserved(this.perWebhook), perBusyWebhook, bytes: total * bytes };
    this.reserved += total;
    this.reservedBytes += reservation.bytes;
    return reservation;
  }

  unreserve({ total, bytes }: Reservation): void {
    this.reserved -= total;
    this.reservedBytes -= bytes;
  }

  /** Sends an item as soon as there is a slot for it. */
  add(item: Item): void {
    const lane = this.laneOf(item.webhookId);
    lane.paced = item.paced;
    lane.limit = Math.min(this.perWebhook, item.maxInFlight ?? this.perWebhook);
    if (lane.waiting.length === 0 && this.hasSlotFor(item, lane)) return this.start(item, lane);
    lane.waiting.push(item);
    this.countWaiting(item, lane, 1);
    this.queued.set(item.webhookId, lane);
    // A hold may be over, and with nothing in flight no answer starts what waited behind it.
    if (this.inFlight === 0) this.startNext();
  }

  /**
   * Starts nothing more of a webhook, and has no room for it, until what waits is taken back.
   *
   * @param until - On the monotonic clock: a hold that nobody ends is over then.
   */
  hold(webhookId: string, until: number): void {
    this.laneOf(webhookId).heldUntil = until;
  }

  /** Hands back what waits for a webhook, and ends its hold. Its requests in flight are left alone. */
  takeBack(webhookId: string): Item[] {
    const lane = this.lanes.get(webhookId);
    if (!lane) return [];
    const items = lane.waiting.splice(0);
    for (const item of items) this.countWaiting(item, lane, -1);
    this.queued.delete(webhookId);
    lane.heldUntil = undefined;
    this.forgetIdle(webhookId, lane);
    return items;
  }

  /** Hands back what waits and `isUnwanted` is true of. */
  takeWhere(isUnwanted: (item: Item) => boolean): Item[] {
    return [...this.queued].flatMap(([webhookId, lane]) => {
      const items = lane.waiting.filter(isUnwanted);
      if (items.length === 0) return items;
      const kept = lane.waiting.filter((item) => !isUnwanted(item));
      lane.waiting.splice(0, lane.waiting.length, ...kept);
      for (const item of items) this.countWaiting(item, lane, -1);
      if (kept.length === 0) this.queued.delete(webhookId);
      this.forgetIdle(webhookId, lane);
      return items;
    });
  }

  /** Starts nothing more and hands back what waits. */
  stop(): Item[] {
    this.stopped = true;
    return [...this.queued.keys()].flatMap((webhookId) => this.takeBack(webhookId));
  }

  /** Resolves once nothing is in flight, or after `withinMs`. */
  async idle(withinMs: number): Promise<void> {
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private get free(): number {
    return this.limit * HELD - this.inFlight - this.waiting - this.reserved;
  }

  private get takesLarge(): boolean {
    return this.waitingBytes.large < MAX_WAITING_BYTES;
  }

  private hasSlotFor(item: Item, lane: Lane<Item>): boolean {
    if (this.inFlight >= this.limit || !lane.hasSlotFor(item)) return false;
    if (lane.slow && this.slowInFlight >= this.limit - this.perWebhook) return false;
    return !isLarge(item) || this.inFlightBytes < MAX_IN_FLIGHT_BYTES;
  }

  private laneOf(webhookId: string): Lane<Item> {
    let lane = this.lanes.get(webhookId);
    if (!lane) this.lanes.set(webhookId, (lane = new Lane(this.slow.has(webhookId))));
    return lane;
  }

  private start(item: Item, lane: Lane<Item>): void {
    this.count(item, lane, 1);
    void this.send(item).then((tookMs) => this.finish(item, lane, tookMs));
  }

  private count(item: Item, lane: Lane<Item>, sign: 1 | -1): void {
    lane.inFlight += sign;
    this.inFlight += sign;
    if (lane.slow) this.slowInFlight += sign;
    if (!isLarge(item)) return;
    lane.inFlightBytes += sign * item.bytes;
    this.inFlightBytes += sign * item.bytes;
  }

  private countWaiting(item: Item, lane: Lane<Item>, sign: 1 | -1): void {
    lane.waitingBytes += sign * item.bytes;
    this.waiting += sign;
    this.waitingBytes[isLarge(item) ? 'large' : 'small'] += sign * item.bytes;
  }

  private finish(item: Item, lane: Lane<Item>, tookMs: number): void {
    const [hadWorth, wasWorth, tookLarge] = [lane.worth > 0, this.worthClaiming, this.takesLarge];
    this.count(item, lane, -1);
    this.noteSpeed(item.webhookId, lane, tookMs);
    // One that was large may make room for several.
    while (this.startNext());
    this.forgetIdle(item.webhookId, lane);
    // Only becoming worth a claim is news: one call per answer would be one claim per answer.
    const isNews =
      (!hadWorth && lane.worth > 0) || (!wasWorth && this.worthClaiming) || (!tookLarge && this.takesLarge);
    if (isNews) this.onRoom();
    if (this.inFlight === 0) this.onIdle?.();
  }

  private noteSpeed(webhookId: string, lane: Lane<Item>, tookMs: number): void {
    const wasSlow = lane.slow;
    lane.answered(tookMs);
    if (lane.slow === wasSlow) return;
    this.slowInFlight += lane.slow ? lane.inFlight : -lane.inFlight;
    if (!lane.slow) this.slow.delete(webhookId);
    else if (this.slow.add(webhookId).size > MAX_SLOW) this.slow.delete([...this.slow.keys()][0] as string);
  }

  private forgetIdle(webhookId: string, lane: Lane<Item>): void {
    // Whoever held it counts on there being no room for it.
    if (lane.inFlight === 0 && lane.waiting.length === 0 && !lane.isHeld) this.lanes.delete(webhookId);
  }

  /**
   * Starts one of the items that wait; false where none of them may start. Webhooks take turns. If a slot went back to the
   * webhook that had it, four webhooks with a backlog would keep all slots.
   */
  private startNext(): boolean {
    if (this.stopped || this.inFlight >= this.limit) return false;
    for (const [webhookId, lane] of this.queued) {
      const [item] = lane.waiting;
      if (!item || !this.hasSlotFor(item, lane)) continue;
      const hadWorth = lane.worth > 0;
      lane.waiting.shift();
      this.countWaiting(item, lane, -1);
      this.queued.delete(webhookId);
      if (lane.waiting.length > 0) this.queued.set(webhookId, lane);
      this.start(item, lane);
      if (!hadWorth && lane.worth > 0) this.onRoom();
      return true;
    }
    return false;
  }
}
