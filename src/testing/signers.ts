// Signs requests as senders do, for tests: written from the vendors' pages with node:crypto alone, apart from the code that
// verifies, so that a mistake in one shows in the other.
import { createHmac, randomBytes } from 'node:crypto';
import { systemClock } from '../kernel/clock.js';
import type { WebhookRequest } from '../inbound/index.js';

/** What is to be sent, before it is signed. */
export interface Unsigned {
  readonly body: Buffer;
  /** What the sender signs with; a private key where the source holds the public one. */
  readonly signWith: string;
  readonly nowMs: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What signing adds: headers, and another body or URL where the signature stands there. */
export interface Signed {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly url?: string;
}

export type Signer = (message: Unsigned) => Signed;

/** A secret from both ends: what the source is given, and what the sender signs with. Mostly the same. */
export interface SecretPair {
  readonly secret: string;
  readonly signWith: string;
}

type Encoding = 'hex' | 'base64';

const mac = (algorithm: string, encoding: Encoding, key: string | Buffer, ...parts: (string | Buffer)[]): string => {
  const all = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  return createHmac(algorithm, key).update(Buffer.concat(all)).digest(encoding);
};
const seconds = ({ nowMs }: Unsigned): string => String(Math.floor(nowMs / 1_000));

/** A header that is the MAC of the body. */
const ofBody =
  (header: string, encoding: Encoding, { algorithm = 'sha256', prefix = '' } = {}): Signer =>
  ({ body, signWith }) => ({ headers: { [header]: prefix + mac(algorithm, encoding, signWith, body) } });

const SIGNERS = {
  github: ofBody('x-hub-signature-256', 'hex', { prefix: 'sha256=' }),
  stripe: (message) => {
    const t = seconds(message);
    return {
      headers: { 'stripe-signature': `t=${t},v1=${mac('sha256', 'hex', message.signWith, `${t}.`, message.body)}` },
    };
  },
} satisfies Record<string, Signer>;

/** A built-in provider whose requests can be signed here. */
export type SignedProvider = keyof typeof SIGNERS;

/** The providers whose requests can be signed here. */
export const SIGNED_PROVIDERS = Object.keys(SIGNERS) as SignedProvider[];

/** What may be said of a request that is to be signed. */
export interface SignOptions {
  readonly body: Buffer | string | object;
  /** What the sender signs with. */
  readonly secret: string;
  /** The URL the request goes to, for the senders that sign it. @defaultValue `https://localhost/` */
  readonly url?: string;
  /** @defaultValue the moment of the call */
  readonly nowMs?: number;
  /** Further headers, such as the sender's event type. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A request as this sender would make it: method, URL, headers and body to send.
 *
 * @example
 * const { headers, body } = signedRequest('github', { secret, body: { zen: 'Keep it.' }, headers: { 'x-github-event': 'ping' } });
 * await fetch(url, { method: 'POST', headers, body });
 */
export function signedRequest(
  provider: SignedProvider,
  options: SignOptions,
): WebhookRequest & { headers: Record<string, string> } {
  const { body, secret, url = 'https://localhost/', nowMs = systemClock(), headers = {} } = options;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const given = { 'content-type': 'application/json', ...headers };
  const signer: Signer = SIGNERS[provider];
  const signed = signer({ body: bytes, signWith: secret, nowMs, url, method: 'POST', headers: given });
  return {
    method: 'POST',
    url: signed.url ?? url,
    headers: { ...given, ...signed.headers },
    body: signed.body ?? bytes,
  };
}

/** A new secret as this sender would make one. */
export function newSecretPair(provider: SignedProvider): SecretPair {
  const make = SECRETS[provider];
  if (make) return make();
  const secret = randomBytes(24).toString('base64url');
  return { secret, signWith: secret };
}

/** How secrets look where they are not any text. */
const SECRETS: Partial<Record<string, () => SecretPair>> = {};
