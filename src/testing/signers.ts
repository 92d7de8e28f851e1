// Signs requests as senders do, for tests: written from the vendors' pages with node:crypto alone, apart from the code that
// verifies, so that a mistake in one shows in the other.
import { createHash, createHmac, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { systemClock } from '../kernel/clock.js';
import type { WebhookRequest } from '../inbound/index.js';
import { hmacSigner } from './hmac-signer.js';
import type { Signer, Unsigned } from './signer.js';

/** A secret from both ends: what the source is given, and what the sender signs with. Mostly the same. */
export interface SecretPair {
  /** What the source is given. */
  readonly secret: string;
  /** What the sender signs with. */
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

/** A header of the time and the MAC of time and body. */
const timed =
  (header: string, write: (time: string, mac: string) => string, between = '.'): Signer =>
  (message) => {
    const time = seconds(message);
    const value = mac('sha256', 'hex', message.signWith, `${time}${between}`, message.body);
    return { headers: { [header]: write(time, value) } };
  };

/** `v0=` over `v0:<time>:<body>`, the time in a header of its own. */
const versioned =
  (signature: string, timestamp: string): Signer =>
  (message) => {
    const time = seconds(message);
    const value = mac('sha256', 'hex', message.signWith, `v0:${time}:`, message.body);
    return { headers: { [signature]: `v0=${value}`, [timestamp]: time } };
  };

/** Standard Webhooks, in the spec's header names or in those of Svix. */
const standard =
  (prefix: string): Signer =>
  (message) => {
    const [id, time] = [message.headers[`${prefix}id`] ?? `msg_${randomBytes(12).toString('hex')}`, seconds(message)];
    const content = Buffer.concat([Buffer.from(`${id}.${time}.`), message.body]);
    const value = message.signWith.startsWith('whsk_')
      ? `v1a,${sign(null, content, privateKeyOf(message.signWith.slice(5))).toString('base64')}`
      : `v1,${mac('sha256', 'base64', Buffer.from(message.signWith.replace(/^(v1,)?whsec_/, ''), 'base64'), content)}`;
    return { headers: { [`${prefix}id`]: id, [`${prefix}timestamp`]: time, [`${prefix}signature`]: value } };
  };

/** A private key, as base64 of its PKCS #8 form. */
const privateKeyOf = (text: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });

const SIGNERS = {
  basic: ({ signWith }) => ({ headers: { authorization: `Basic ${Buffer.from(signWith).toString('base64')}` } }),
  bearer: ({ signWith }) => ({ headers: { authorization: `Bearer ${signWith}` } }),
  bitbucket: ofBody('x-hub-signature', 'hex', { prefix: 'sha256=' }),
  calendly: timed('calendly-webhook-signature', (time, value) => `t=${time},v1=${value}`),
  clerk: standard('svix-'),
  discord: (message) => {
    const time = seconds(message);
    const content = Buffer.concat([Buffer.from(time), message.body]);
    const value = sign(null, content, privateKeyOf(message.signWith)).toString('hex');
    return { headers: { 'x-signature-ed25519': value, 'x-signature-timestamp': time } };
  },
  docusign: ofBody('x-docusign-signature-1', 'base64'),
  github: ofBody('x-hub-signature-256', 'hex', { prefix: 'sha256=' }),
  gitlab: (message) =>
    message.signWith.startsWith('whsec_')
      ? standard('webhook-')(message)
      : { headers: { 'x-gitlab-token': message.signWith } },
  hubspot: ({ method, url, body, nowMs, signWith }) => {
    const decoded = url.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, decodeURIComponent);
    const value = mac('sha256', 'base64', signWith, method, decoded, body, String(nowMs));
    return { headers: { 'x-hubspot-signature-v3': value, 'x-hubspot-request-timestamp': String(nowMs) } };
  },
  intercom: ofBody('x-hub-signature', 'hex', { algorithm: 'sha1', prefix: 'sha1=' }),
  linear: ofBody('linear-signature', 'hex'),
  mailgun: (message) => {
    const [timestamp, token] = [seconds(message), randomBytes(25).toString('hex')];
    const signature = { timestamp, token, signature: mac('sha256', 'hex', message.signWith, timestamp, token) };
    if (message.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      const fields = new URLSearchParams(message.body.toString());
      for (const [name, value] of Object.entries(signature)) fields.set(name, value);
      return { headers: {}, body: Buffer.from(fields.toString()) };
    }
    const data = JSON.parse(message.body.toString()) as object;
    return { headers: {}, body: Buffer.from(JSON.stringify({ ...data, signature })) };
  },
  meta: ofBody('x-hub-signature-256', 'hex', { prefix: 'sha256=' }),
  openai: standard('webhook-'),
  paddle: timed('paddle-signature', (time, value) => `ts=${time};h1=${value}`, ':'),
  pagerduty: ofBody('x-pagerduty-signature', 'hex', { prefix: 'v1=' }),
  resend: standard('svix-'),
  sendgrid: (message) => {
    const time = seconds(message);
    const content = Buffer.concat([Buffer.from(time), message.body]);
    return {
      headers: {
        'x-twilio-email-event-webhook-signature': sign('sha256', content, privateKeyOf(message.signWith)).toString(
          'base64',
        ),
        'x-twilio-email-event-webhook-timestamp': time,
      },
    };
  },
  sentry: ofBody('sentry-hook-signature', 'hex'),
  shopify: ofBody('x-shopify-hmac-sha256', 'base64'),
  slack: versioned('x-slack-signature', 'x-slack-request-timestamp'),
  square: ({ url, body, signWith }) => ({
    headers: { 'x-square-hmacsha256-signature': mac('sha256', 'base64', signWith, url, body) },
  }),
  'standard-webhooks': standard('webhook-'),
  stripe: timed('stripe-signature', (time, value) => `t=${time},v1=${value}`),
  supabase: standard('webhook-'),
  svix: standard('svix-'),
  telegram: ({ signWith }) => ({ headers: { 'x-telegram-bot-api-secret-token': signWith } }),
  twilio: ({ url, body, headers, signWith }) => {
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') {
      const digest = createHash('sha256').update(body).digest('hex');
      const whole = `${url}${url.includes('?') ? '&' : '?'}bodySHA256=${digest}`;
      return { url: whole, headers: { 'x-twilio-signature': mac('sha1', 'base64', signWith, whole) } };
    }
    const fields = [...new URLSearchParams(body.toString())].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return { headers: { 'x-twilio-signature': mac('sha1', 'base64', signWith, url, fields.flat().join('')) } };
  },
  typeform: ofBody('typeform-signature', 'base64', { prefix: 'sha256=' }),
  vercel: ofBody('x-vercel-signature', 'hex', { algorithm: 'sha1' }),
  zendesk: ({ body, nowMs, signWith }) => {
    const time = new Date(nowMs).toISOString().replace('.000', '');
    return {
      headers: {
        'x-zendesk-webhook-signature': mac('sha256', 'base64', signWith, time, body),
        'x-zendesk-webhook-signature-timestamp': time,
      },
    };
  },
  zoom: versioned('x-zm-signature', 'x-zm-request-timestamp'),
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
  /** The source's `config`, for `hmac`, which signs as it says. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/**
 * A request as this sender would make it: method, URL, headers and body to send.
 *
 * @example
 * const { headers, body } = signedRequest('github', { secret, body: { zen: 'Keep it.' }, headers: { 'x-github-event': 'ping' } });
 * await fetch(url, { method: 'POST', headers, body });
 */
export function signedRequest(
  provider: SignedProvider | 'hmac',
  options: SignOptions,
): WebhookRequest & { headers: Record<string, string> } {
  const { body, secret, url = 'https://localhost/', nowMs = systemClock(), headers = {}, config = {} } = options;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const given = { 'content-type': 'application/json', ...headers };
  const signer: Signer = provider === 'hmac' ? hmacSigner(config) : SIGNERS[provider];
  const signed = signer({ body: bytes, signWith: secret, nowMs, url, method: 'POST', headers: given });
  return {
    method: 'POST',
    url: signed.url ?? url,
    headers: { ...given, ...signed.headers },
    body: signed.body ?? bytes,
  };
}

/** A new secret as this sender would make one. */
export function newSecretPair(provider: SignedProvider | 'hmac'): SecretPair {
  const make = provider === 'hmac' ? undefined : SECRETS[provider];
  return make?.() ?? same(randomBytes(24).toString('base64url'));
}

/** How secrets look where they are not any text. */
const SECRETS: Partial<Record<SignedProvider, () => SecretPair>> = {
  basic: () => same(`user:${randomBytes(12).toString('base64url')}:`),
  clerk: () => same(`whsec_${randomBytes(24).toString('base64')}`),
  discord: () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    // The key itself is the last 32 bytes of its SPKI form.
    const secret = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    return { secret, signWith: pkcs8(privateKey) };
  },
  openai: () => same(`whsec_${randomBytes(32).toString('base64')}`),
  resend: () => same(`whsec_${randomBytes(24).toString('base64')}`),
  sendgrid: () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    return {
      secret: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      signWith: pkcs8(privateKey),
    };
  },
  'standard-webhooks': () => same(`whsec_${randomBytes(32).toString('base64')}`),
  supabase: () => same(`v1,whsec_${randomBytes(32).toString('base64')}`),
  // Svix's own are 18 bytes, less than its specification asks for.
  svix: () => same(`whsec_${randomBytes(18).toString('base64')}`),
};

const same = (secret: string): SecretPair => ({ secret, signWith: secret });
const pkcs8 = (key: KeyObject): string => key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
