// The HTTP request of an attempt: headers, signatures, body, and what the log keeps of them. Pure.
import type { CustomHeader } from '../kernel/custom-headers.js';
import { VERSION } from '../kernel/version.js';
import type { ClaimedDelivery } from './claim/claimed-delivery.js';
import { NATIVE_HEADERS } from './events/payload-format.js';
import type { UnsignedRequest } from './signing/request-signer.js';

const USER_AGENT = `Posthorn/${VERSION}`;
const MASKED = '[masked]';

/** By a shared secret. */
const STANDARD_SIGNATURES = ['X-Webhook-Signature', 'webhook-signature'];

/** What the headers of an attempt tell of its delivery. */
type SentDelivery = Pick<ClaimedDelivery, 'id' | 'eventId' | 'eventType' | 'number'>;

/** All that is logged of the headers of the usual request. */
const LOGGED_USUALLY = JSON.stringify({ 'User-Agent': USER_AGENT });

/** What is sent, and how it is shown in the log. */
export interface SignedRequest {
  /** Names and values, one after the other. */
  readonly headers: string[];
  readonly body: Buffer;
  /** JSON, which {@link loggedHeadersOf} completes; signatures and the values of custom headers masked. */
  readonly loggedHeaders: string;
}

/** What is signed. */
export const unsignedRequest = (
  delivery: ClaimedDelivery,
  body: Buffer,
  timestampSeconds: number,
): UnsignedRequest => ({
  tenantId: delivery.tenantId,
  webhookId: delivery.webhookId,
  url: delivery.url,
  eventId: delivery.eventId,
  event: delivery.eventType,
  deliveryId: delivery.id,
  attempt: delivery.number,
  timestampSeconds,
  body,
});

/** What a request is made of. */
interface RequestParts {
  readonly body: Buffer;
  /** What the body is: `headersOf` the format that it is written in. */
  readonly payload: readonly CustomHeader[];
  readonly timestampSeconds: number;
  /** Over these very bytes. */
  readonly signatures: readonly CustomHeader[];
  /** The webhook's own headers. None of them has a name that we set; one that a signature has gives way. */
  readonly custom: readonly CustomHeader[];
  /** The trace that the receiver may go on with. */
  readonly traceparent?: string;
}

/**
 * What is sent. The usual request is native, signed by a shared secret, and has no headers of the webhook's own. Of that one the
 * log keeps the User-Agent alone: the rest is known from the delivery, and would be a third of all that an attempt writes.
 */
export function signedRequest(
  delivery: ClaimedDelivery,
  { body, payload, timestampSeconds, signatures, custom, traceparent }: RequestParts,
): SignedRequest {
  const headers = ownHeaders(delivery, USER_AGENT, timestampSeconds, payload);
  if (traceparent !== undefined) headers.push('traceparent', traceparent);
  const shown = headers.length;
  const isStandard = signatures.length === 2 && signatures.every(([name], at) => name === STANDARD_SIGNATURES[at]);
  for (const [name, value] of isStandard ? custom : custom.filter((header) => !isAmong(signatures, header)))
    headers.push(name, value);
  for (const [name, value] of signatures) headers.push(name, value);
  const isUsual = custom.length === 0 && payload === NATIVE_HEADERS && isStandard && traceparent === undefined;
  return { headers, body, loggedHeaders: isUsual ? LOGGED_USUALLY : loggedJson(headers, shown) };
}

const isAmong = (headers: readonly CustomHeader[], [name]: CustomHeader): boolean =>
  headers.some(([other]) => other.toLowerCase() === name.toLowerCase());

/** What the log shows of the headers of an attempt. */
export function loggedHeadersOf(
  logged: string,
  delivery: SentDelivery,
  startedAtMs: number,
): Readonly<Record<string, string>> {
  const shown = JSON.parse(logged) as Record<string, string>;
  const userAgent = shown['User-Agent'];
  if ('webhook-id' in shown || userAgent === undefined) return shown;
  const headers = ownHeaders(delivery, userAgent, Math.floor(startedAtMs / 1_000), NATIVE_HEADERS);
  for (const name of STANDARD_SIGNATURES) headers.push(name, MASKED);
  for (let index = 0; index < headers.length; index += 2) shown[headers[index]!] = headers[index + 1]!;
  return shown;
}

/** The headers that we set, signatures excepted: names and values, one after the other. */
function ownHeaders(
  delivery: SentDelivery,
  userAgent: string,
  timestampSeconds: number,
  payload: readonly CustomHeader[],
): string[] {
  const headers = [
    'User-Agent',
    userAgent,
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
  return headers;
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
