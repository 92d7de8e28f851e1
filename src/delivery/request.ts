// The HTTP request of an attempt: body, signatures, headers. Pure. The bytes that are signed are the bytes that are sent.
import type { CustomHeader } from '../kernel/custom-headers.js';
import { plainSignature, standardSignature } from '../kernel/signatures/outgoing.js';
import type { SigningKey } from '../kernel/signatures/outgoing.js';
import { VERSION } from '../kernel/version.js';
import type { ClaimedDelivery } from './claim.js';
import { PayloadErasedError } from './delivery.errors.js';
import { headersOf } from './payload-format.js';

const USER_AGENT = `Posthorn/${VERSION}`;
const MASKED = '[masked]';

/** What is sent, and how it is shown in the log. */
export interface SignedRequest {
  /** Names and values, one after the other. */
  readonly headers: string[];
  readonly body: Buffer;
  /** JSON of the headers; signatures and the values of custom headers masked. */
  readonly loggedHeaders: string;
}

/**
 * @param keys - The webhook's live signing keys, newest first.
 * @param custom - The webhook's own headers; none of them has a name that we set.
 * @param payload - What the body is: `headersOf` the format that it is written in.
 * @throws PayloadErasedError - Data is a JSON object or, once erased, empty: the last gate before an empty payload is sent.
 */
export function signRequest(
  delivery: ClaimedDelivery,
  body: Buffer,
  keys: readonly SigningKey[],
  nowMs: number,
  custom: readonly CustomHeader[] = [],
  payload: readonly CustomHeader[] = headersOf(delivery, 'native', ''),
): SignedRequest {
  if (delivery.data === '') throw new PayloadErasedError();
  const timestampSeconds = Math.floor(nowMs / 1_000);
  const headers = [
    'User-Agent',
    USER_AGENT,
    'X-Webhook-Event',
    delivery.eventType,
    'X-Webhook-Delivery',
    delivery.id,
    'X-Webhook-Attempt',
    String(delivery.number),
    'webhook-id',
    delivery.eventId,
    'webhook-timestamp',
    String(timestampSeconds),
  ];
  for (const [name, value] of payload) headers.push(name, value);
  const shown = headers.length;
  for (const [name, value] of custom) headers.push(name, value);
  const oldest = keys.at(-1);
  if (oldest) {
    headers.push('X-Webhook-Signature', plainSignature(oldest, body));
    headers.push('webhook-signature', standardSignature(keys, { id: delivery.eventId, timestampSeconds, body }));
  }
  const loggedHeaders = loggedJson(headers, shown);
  return { headers, body, loggedHeaders };
}

/** JSON of the headers; those from `shown` on are secret, and shown by name alone. Built by hand: it is made for every attempt. */
function loggedJson(headers: readonly string[], shown: number): string {
  let json = '';
  for (let index = 0; index < headers.length; index += 2) {
    const value = index < shown ? headers[index + 1] : MASKED;
    json += `${index === 0 ? '{' : ','}${JSON.stringify(headers[index])}:${JSON.stringify(value)}`;
  }
  return `${json}}`;
}
