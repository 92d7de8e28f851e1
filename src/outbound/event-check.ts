// What makes an event acceptable. Pure; also what keeps a caller's transaction alive: whatever PostgreSQL would refuse
// is refused here first. Written by hand because batches hold a thousand events and class-validator takes 40 µs for each.
import { isEventType, RESERVED_PREFIX } from '../kernel/event-match.js';
import { isId, newId } from '../kernel/ids.js';
import type { NewEvent } from '../delivery/index.js';
import { MAX_KEY_LENGTH } from '../platform/idempotency/index.js';
import {
  EventTooLargeError,
  InvalidEventDataError,
  InvalidEventTypeError,
  InvalidIdempotencyKeyError,
  InvalidWebhookIdsError,
} from './outbound.errors.js';

/** Most webhooks that one event may be narrowed to. */
const MAX_WEBHOOK_IDS = 1_000;

/** The type of a test event where none is given: reserved, so that no application can send it by accident. */
const TEST_TYPE = `${RESERVED_PREFIX}test`;

/** The data of a test event where none is given. */
const TEST_DATA = { message: 'This is a test event. Nothing has happened.' };

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** An event as a caller gives it. */
export interface EventInput {
  readonly event: unknown;
  readonly data: unknown;
  readonly idempotencyKey?: unknown;
  readonly webhookIds?: unknown;
}

/**
 * The event, ready to be stored: its data is serialised here, once and for all.
 *
 * @throws one of the errors of outbound.errors.ts
 */
export function checkEvent(input: EventInput, nowMs: number, maxBytes: number): NewEvent {
  const { event: type, data } = input;
  if (!isEventType(type)) throw new InvalidEventTypeError(false);
  if (type.startsWith(RESERVED_PREFIX)) throw new InvalidEventTypeError(true);
  return {
    id: newId(),
    type,
    occurredAt: new Date(nowMs),
    data: serialise(data, maxBytes),
    idempotencyKey: checkIdempotencyKey(input.idempotencyKey),
    webhookIds: checkWebhookIds(input.webhookIds),
  };
}

/**
 * A test event, ready to be stored: any event that could be dispatched, or the one of our own.
 *
 * @throws InvalidEventTypeError, InvalidEventDataError, EventTooLargeError
 */
export function checkTestEvent(
  { event = TEST_TYPE, data = TEST_DATA }: Partial<EventInput>,
  nowMs: number,
  maxBytes: number,
): NewEvent {
  if (event !== TEST_TYPE) return checkEvent({ event, data }, nowMs, maxBytes);
  return { id: newId(), type: TEST_TYPE, occurredAt: new Date(nowMs), data: serialise(data, maxBytes) };
}

/** @throws InvalidIdempotencyKeyError */
export function checkIdempotencyKey(key: unknown): string | undefined {
  if (key === undefined || key === null) return undefined;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || !PRINTABLE_ASCII.test(key))
    throw new InvalidIdempotencyKeyError();
  return key;
}

function checkWebhookIds(ids: unknown): string[] | undefined {
  if (ids === undefined || ids === null) return undefined;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_WEBHOOK_IDS) throw new InvalidWebhookIdsError();
  if (!ids.every(isId)) throw new InvalidWebhookIdsError();
  return [...new Set(ids)];
}

function serialise(data: unknown, maxBytes: number): string {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new InvalidEventDataError();
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch {
    // Circular, nested beyond the stack, or holding a BigInt.
    throw new InvalidEventDataError();
  }
  // A toJSON() of its own may have made anything of it.
  if (!json?.startsWith('{')) throw new InvalidEventDataError();
  if (Buffer.byteLength(json) > maxBytes) throw new EventTooLargeError(maxBytes);
  return json;
}
