// One webhook on its way from the guard to the store: what was verified, and what of it may be kept.
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { OpenSource } from '../registry/index.js';
import { parseJson } from './providers/body.js';
import type { ParsedBody } from './providers/body.js';
import { UNKNOWN_TYPE } from './providers/provider.js';
import type { Description, Provider, WebhookRequest } from './providers/provider.js';

/** A request whose signature held. */
export interface VerifiedWebhook {
  readonly source: OpenSource;
  readonly provider: Provider;
  readonly request: WebhookRequest;
  /** What the body holds, `undefined` where it cannot be read. */
  readonly parsed: ParsedBody | undefined;
  /** The headers as they are stored and handed on. */
  readonly maskedHeaders: Readonly<Record<string, string>>;
}

/** What stands in the place of a header value that is a secret, or proves the knowledge of one. */
const MASK = '[secret]';
const SENSITIVE = /signature|authorization|cookie|token|secret|password|hmac|api-?key/;
/** Named like one, and yet only an id, a time or a version. */
const HARMLESS = /(?:^|-)(?:idempotency-(?:token|key)|timestamp|version)$/;

// Both stand in the key of an index, whose entries PostgreSQL limits to a third of a page.
const MAX_ID_LENGTH = 255;
const MAX_TYPE_LENGTH = 255;

/** Shorter ones stand in other words by chance. */
const MIN_FOUND_LENGTH = 8;

/** Headers without what is a secret, or proves the knowledge of one: by their name, and whatever holds a secret of the source. */
export function masked(
  headers: IncomingHttpHeaders,
  { secrets, config }: Pick<OpenSource, 'secrets' | 'config'>,
  provider: Provider,
): Record<string, string> {
  const signing = provider.secretHeaders?.(config);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    const named = (SENSITIVE.test(name) && !HARMLESS.test(name)) || signing?.includes(name);
    kept[name] = named || secrets.some((secret) => holds(text, secret.reveal())) ? MASK : text;
  }
  return kept;
}

const holds = (text: string, secret: string): boolean =>
  secret.length < MIN_FOUND_LENGTH ? text === secret : text.includes(secret);

type Body = Pick<WebhookRequest, 'headers' | 'body'>;

/** The body as its provider reads it. Only for what was verified. */
export const parsedBy = (provider: Provider | undefined, request: Body): ParsedBody | undefined =>
  provider?.parse ? provider.parse(request) : parseJson(request.body);

/** What handlers see as `data`: what the body holds, or the bytes of a body that cannot be read. */
export function dataOf(provider: Provider | undefined, request: Body): unknown {
  const parsed = parsedBy(provider, request);
  return parsed ? parsed.data : request.body;
}

/** The sender's names in a form that can be stored and indexed, however long or odd they are. */
export function storable({ externalId, type, occurredAt }: Description): Description {
  return {
    externalId: isPlain(externalId, MAX_ID_LENGTH) ? externalId : `sha256:${sha256(externalId).toString('hex')}`,
    type: isPlain(type, MAX_TYPE_LENGTH) ? type : UNKNOWN_TYPE,
    occurredAt,
  };
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for: PostgreSQL refuses NUL in text
const isPlain = (text: string, maxLength: number): boolean => text.length <= maxLength && !/[\u0000-\u001f]/.test(text);

export const sha256 = (bytes: string | Buffer): Buffer => hash('sha256', bytes, 'buffer');

const WEBHOOK = Symbol('posthorn.webhook');
type Noted = { [WEBHOOK]?: VerifiedWebhook };

/** Notes on the request what the guard verified, for those who come after it. */
export function noteWebhook(request: object, webhook: VerifiedWebhook): void {
  (request as Noted)[WEBHOOK] = webhook;
}

/** What the guard verified. Throws where it did not run: nothing unverified may go on. */
export function webhookOf(request: object): VerifiedWebhook {
  const webhook = (request as Noted)[WEBHOOK];
  if (!webhook) throw new Error('A webhook came past SignatureGuard.');
  return webhook;
}
