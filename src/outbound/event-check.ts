// What makes an event acceptable. Pure; also what keeps a caller's transaction alive: whatever PostgreSQL would refuse
// is refused here first. Written by hand because batches hold a thousand events and class-validator takes 40 µs for each.
import { isEventType, RESERVED_PREFIX } from '../kernel/event-match.js';
import { isTag, MAX_TAGS } from '../kernel/event-filter/event-filter.js';
import { parseExpiresAfter } from '../kernel/expiry.js';
import { isId, newId } from '../kernel/ids.js';
import { isTooDeep } from '../kernel/json-depth.js';
import type { NewEvent } from '../delivery/index.js';
import { checkIdempotencyKey } from '../platform/idempotency/index.js';
import {
  EventTooLargeError,
  InvalidDeliverAtError,
  InvalidEventDataError,
  InvalidEventTypeError,
  InvalidExpiresAfterError,
  InvalidOrderingKeyError,
  InvalidTagsError,
  InvalidWebhookIdsError,
} from './outbound.errors.js';

/** Most webhooks that one event may be narrowed to. */
const MAX_WEBHOOK_IDS = 1_000;

/** The type of a test event where none is given: reserved, so that no application can send it by accident. */
const TEST_TYPE = `${RESERVED_PREFIX}test`;

/** The data of a test event where none is given. */
const TEST_DATA = { message: 'This is a test event. Nothing has happened.' };

/** How far ahead an event may be scheduled, where the retention is not shorter. */
const MAX_AHEAD_MS = 30 * 86_400_000;

// PostgreSQL also takes `now`, and Date.parse what it likes; people mean an instant with its zone.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

const MAX_ORDERING_KEY_LENGTH = 255;

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** An event as a caller gives it, of any shape: what `dispatch` and its options are typed as, before it is checked. */
export interface EventInput {
  /** Its type. */
  readonly event: unknown;
  /** A JSON object. */
  readonly data: unknown;
  readonly idempotencyKey?: unknown;
  readonly webhookIds?: unknown;
  readonly deliverAt?: unknown;
  readonly expiresAfter?: unknown;
  readonly orderingKey?: unknown;
  readonly tags?: unknown;
}

/** What the checks need to know of the installation. */
interface EventLimits {
  readonly maxEventSize: number;
  readonly retentionMs: number;
}

/**
 * The event, ready to be stored: its data is serialised here, once and for all.
 *
 * @throws one of the errors of outbound.errors.ts
 */
export function checkEvent(input: EventInput, nowMs: number, { maxEventSize, retentionMs }: EventLimits): NewEvent {
  const { event: type, data } = input;
  checkType(type);
  return {
    id: newId(),
    type,
    occurredAt: new Date(nowMs),
    data: serialise(data, maxEventSize),
    idempotencyKey: checkIdempotencyKey(input.idempotencyKey),
    webhookIds: checkWebhookIds(input.webhookIds),
    deliverAt: checkDeliverAt(input.deliverAt, nowMs, Math.min(MAX_AHEAD_MS, retentionMs)),
    expiresAfterMs: checkExpiresAfter(input.expiresAfter),
    orderingKey: checkOrderingKey(input.orderingKey),
    tags: checkTags(input.tags),
  };
}

/** An event whose data is JSON already: these characters are what is sent. */
export interface WrittenEvent {
  readonly event: string;
  /** JSON text of an object. */
  readonly json: string;
  readonly occurredAt?: Date;
}

/**
 * The event, ready to be stored, its data untouched.
 *
 * @throws InvalidEventTypeError, EventTooLargeError
 */
export function checkWritten(
  { event: type, json, occurredAt }: WrittenEvent,
  nowMs: number,
  maxBytes: number,
): NewEvent {
  checkType(type);
  if (Buffer.byteLength(json) > maxBytes) throw new EventTooLargeError(maxBytes);
  return { id: newId(), type, occurredAt: occurredAt ?? new Date(nowMs), data: json };
}

/**
 * A test event, ready to be stored: any event that could be dispatched, or the one of our own.
 *
 * @throws InvalidEventTypeError, InvalidEventDataError, EventTooLargeError
 */
export function checkTestEvent(
  { event = TEST_TYPE, data = TEST_DATA }: Partial<EventInput>,
  nowMs: number,
  limits: EventLimits,
): NewEvent {
  if (event !== TEST_TYPE) return checkEvent({ event, data }, nowMs, limits);
  return { id: newId(), type: TEST_TYPE, occurredAt: new Date(nowMs), data: serialise(data, limits.maxEventSize) };
}

/** @throws InvalidEventTypeError */
function checkType(type: unknown): asserts type is string {
  if (!isEventType(type)) throw new InvalidEventTypeError(false);
  if (type.startsWith(RESERVED_PREFIX)) throw new InvalidEventTypeError(true);
}

function checkOrderingKey(key: unknown): string | undefined {
  if (key === undefined || key === null) return undefined;
  if (typeof key !== 'string' || key.length > MAX_ORDERING_KEY_LENGTH || !PRINTABLE_ASCII.test(key))
    throw new InvalidOrderingKeyError();
  return key;
}

/** @throws InvalidTagsError */
function checkTags(tags: unknown): string[] | undefined {
  if (tags === undefined || tags === null) return undefined;
  if (!Array.isArray(tags) || tags.length > MAX_TAGS || !tags.every(isTag)) throw new InvalidTagsError();
  return tags.length === 0 ? undefined : [...new Set(tags)];
}

function checkWebhookIds(ids: unknown): string[] | undefined {
  if (ids === undefined || ids === null) return undefined;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_WEBHOOK_IDS) throw new InvalidWebhookIdsError();
  if (!ids.every(isId)) throw new InvalidWebhookIdsError();
  return [...new Set(ids)];
}

/** Kept as given even where it is past: a request that is repeated with its idempotency key has the same content. */
function checkDeliverAt(input: unknown, nowMs: number, maxAheadMs: number): Date | undefined {
  if (input === undefined || input === null) return undefined;
  const at = input instanceof Date ? input.getTime() : isInstant(input) ? Date.parse(input) : Number.NaN;
  if (Number.isNaN(at) || at >= nowMs + maxAheadMs) throw new InvalidDeliverAtError();
  // Before any time that PostgreSQL would refuse.
  return new Date(Math.max(at, 0));
}

/** Date.parse takes the 31st of any month for a day of the next one. */
function isInstant(input: unknown): input is string {
  if (typeof input !== 'string' || !INSTANT.test(input)) return false;
  const [year = 0, month = 0, day = 0] = input.slice(0, 10).split('-').map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function checkExpiresAfter(input: unknown): number | undefined {
  if (input === undefined || input === null) return undefined;
  const ms = parseExpiresAfter(input);
  if (ms === undefined) throw new InvalidExpiresAfterError();
  return ms;
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
  // Stored, it could be sent, and no list of events could show it.
  if (isTooDeep(json)) throw new InvalidEventDataError();
  return json;
}
