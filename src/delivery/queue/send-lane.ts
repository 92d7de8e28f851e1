// What one webhook has in flight and waiting, and how much more of it there is room for.
import { monotonicNow } from '../../kernel/clock.js';

/** Part of all requests in flight that one webhook may hold: a receiver that hangs holds this much, and not all. */
export const WEBHOOK_PART = 4;

/** A webhook that answers within this is quick: what waits behind its requests waits for about a second at most. */
const QUICK_MS = 100;

/** One that takes longer holds a slot for long, time after time: slow webhooks leave a part of the slots to the others. */
const SLOW_MS = 5_000;

/** How many deliveries may wait behind the requests of a quick webhook, as a multiple of those requests. */
const AHEAD = 8;

/**
 * More bytes make a body large. Large and small ones have limits of their own: receivers that hang with large ones take no
 * room from what is small, of which the slots alone bound what is in flight.
 */
export const SMALL_BYTES = 16 * 1_024;

export const isLarge = ({ bytes }: Pick<Sendable, 'bytes'>): boolean => bytes > SMALL_BYTES;

/** Bytes of large bodies that may wait, and of small ones; beyond it no more of them are claimed. */
export const MAX_WAITING_BYTES = 4 * 1_048_576;

/** Bytes of large bodies in flight: of these, fewer requests than there are slots. A single one may exceed it. */
export const MAX_IN_FLIGHT_BYTES = 12 * 1_048_576;

/** Something to send. */
export interface Sendable {
  readonly webhookId: string;
  /** Requests in flight at most, where the webhook has a limit of its own. */
  readonly maxInFlight?: number;
  /** Its webhook has limits of its own, or an order: nothing is claimed ahead of it. */
  readonly paced: boolean;
  /** Of the data of its event, as claims count them. */
  readonly bytes: number;
}

/** The lane of a webhook. Whoever changes what it holds keeps its numbers. */
export class Lane<Item extends Sendable> {
  /** @param slow - Its last answer came late, or never. */
  constructor(public slow = false) {}

  /** Requests in flight at most. */
  limit = 0;
  /** Nothing is claimed ahead of it. */
  paced = false;
  inFlight = 0;
  /** Of large ones. */
  inFlightBytes = 0;
  readonly waiting: Item[] = [];
  waitingBytes = 0;
  private quick = false;
  /** More may be due for it than it had room for. */
  backlogged = false;
  /** Nothing of it starts before, on the monotonic clock. */
  heldUntil: number | undefined;

  get isHeld(): boolean {
    return this.heldUntil !== undefined && monotonicNow() < this.heldUntil;
  }

  /** It may start this one. A webhook may hold the same part of the bytes as of the requests. */
  hasSlotFor(item: Item): boolean {
    if (this.inFlight >= this.limit || this.isHeld) return false;
    return !isLarge(item) || this.inFlightBytes < MAX_IN_FLIGHT_BYTES / WEBHOOK_PART;
  }

  /** A large one comes next, which whatever is claimed now would wait behind. */
  get waitsForLarge(): boolean {
    const [next] = this.waiting;
    return next !== undefined && isLarge(next);
  }

  /**
   * How many more it may hold. None once its part of the bytes that may wait is there: a webhook with large payloads must not stop
   * the claims of all others.
   */
  get room(): number {
    if (this.waitingBytes >= MAX_WAITING_BYTES / WEBHOOK_PART) return 0;
    return Math.max(0, this.capacity - this.inFlight - this.waiting.length);
  }

  /** Its room, or none while it is too little to claim for. */
  get worth(): number {
    const { room } = this;
    return room >= (this.paced ? 1 : Math.max(1, this.capacity >> 2)) ? room : 0;
  }

  /** A receiver took this long for its last answer. */
  answered(tookMs: number): void {
    this.quick = tookMs < QUICK_MS;
    this.slow = tookMs >= SLOW_MS;
  }

  private get capacity(): number {
    if (this.isHeld) return 0;
    return this.quick && !this.paced ? this.limit * (1 + AHEAD) : this.limit;
  }
}
