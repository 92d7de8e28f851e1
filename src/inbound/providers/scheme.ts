// How every built-in provider verifies: what the request claims is read, each live secret is tried, and only then is the
// time looked at. What differs between them is the reading (claims.ts) and the check.
import type { KeyObject } from 'node:crypto';
import { equalBytes, equalTexts, hmac } from '../../kernel/signatures/hmac.js';
import type { HashAlgorithm } from '../../kernel/signatures/hmac.js';
import { isSignedBy } from '../../kernel/signatures/public-key.js';
import type { Secret } from '../../kernel/secret.js';
import type { Claim, ClaimReader } from './claims.js';
import type { Provider, SourceOptions, WebhookRequest } from './provider.js';

/** Whether this secret made one of the signatures. Its time must not depend on which, nor on where they differ. */
export type Check = (secret: Secret, claim: Claim, request: WebhookRequest, source: SourceOptions) => boolean;

/** How the signed time is written: unix seconds, unix milliseconds, or ISO 8601. */
export type TimeUnit = 's' | 'ms' | 'iso';

/** What is signed, in the order in which it is signed. */
export type Message = (
  claim: Claim,
  request: WebhookRequest,
  source: SourceOptions,
) => readonly (string | Buffer)[] | undefined;

export interface Scheme {
  readonly read: ClaimReader;
  readonly check: Check;
  readonly time?: {
    readonly unit: TimeUnit;
    /** @defaultValue none: the time counts only for a source that sets its own tolerance */
    readonly toleranceSeconds?: number;
    /** Where the time stands, if not in the claim: asked after the signature held, and then it must be there. */
    readonly of?: (request: WebhookRequest) => string | undefined;
  };
}

/** The `verify` of a provider. */
export const verifying =
  ({ read, check, time }: Scheme): Provider['verify'] =>
  (request, secrets, nowMs, source = {}) => {
    const claim = read(request, source);
    if (typeof claim === 'string') return { ok: false, reason: claim };
    let matched = false;
    // No early exit: the time taken must not tell which secret was the right one.
    for (const secret of secrets) matched = check(secret, claim, request, source) || matched;
    if (!matched) return { ok: false, reason: 'no_secret_matched' };
    const tolerance = time && (source.toleranceSeconds ?? time.toleranceSeconds);
    if (tolerance === undefined) return { ok: true };
    const text = time?.of ? (time.of(request) ?? '') : claim.time;
    // After the match, so that "stale" in a log means a true signature: a wrong clock or a replay, not a wrong secret.
    return text === undefined || secondsApart(text, time?.unit ?? 's', nowMs) <= tolerance
      ? { ok: true }
      : { ok: false, reason: 'stale' };
  };

function secondsApart(text: string, unit: TimeUnit, nowMs: number): number {
  if (text === '') return Number.POSITIVE_INFINITY;
  if (unit === 's') return Math.abs(Math.floor(nowMs / 1_000) - Number(text));
  const apart = Math.abs(nowMs - (unit === 'ms' ? Number(text) : Date.parse(text))) / 1_000;
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
}

const textKey = (secret: Secret): string | Buffer | undefined => secret.reveal();

/** The message's MAC, keyed by the secret's text or by what `keyOf` makes of it, is one of the signatures. */
export const macOf =
  (algorithm: HashAlgorithm, message: Message, keyOf = textKey): Check =>
  (secret, claim, request, source) => {
    const key = keyOf(secret);
    const parts = message(claim, request, source);
    if (key === undefined || parts === undefined) return false;
    const expected = hmac(algorithm, key, ...parts);
    let matched = false;
    for (const signature of claim.signatures) matched = equalBytes(expected, signature) || matched;
    return matched;
  };

/** The secret is a public key, and its owner signed the message. */
export const publicKeyOf =
  (keyOf: (secret: Secret) => KeyObject | undefined, message: Message): Check =>
  (secret, claim, request, source) => {
    const key = keyOf(secret);
    const parts = message(claim, request, source);
    if (!key || !parts) return false;
    const signed = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    return claim.signatures.some((signature) => isSignedBy(key, signed, signature));
  };

/** The request carries the secret itself. */
export const secretItself: Check = (secret, { token = '' }) => equalTexts(token, secret.reveal());

/** Nothing but the body is signed. */
export const bodyAlone: Message = (_claim, { body }) => [body];

/** The literal time, something between, and the body. */
export const timeThenBody =
  (between: string, before = ''): Message =>
  ({ time = '' }, { body }) => [`${before}${time}${between}`, body];

/**
 * The URL as the sender signed it: what the source's `config.url` says, else what the request says. The query is always
 * the request's own, since it may differ from one request to the next.
 */
export function signedUrl({ url }: WebhookRequest, { config }: SourceOptions): string {
  if (typeof config?.url !== 'string') return url;
  const at = url.indexOf('?');
  return `${config.url.split('?', 1)[0]}${at < 0 ? '' : url.slice(at)}`;
}

/** The query of a URL. */
export const queryOf = (url: string): URLSearchParams => new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');

/** What is wrong with the `url` of a config. */
export const urlProblem: Provider['problemOf'] = (_secrets, { url }) =>
  url === undefined || (typeof url === 'string' && /^https?:/.test(url) && URL.canParse(url))
    ? undefined
    : 'config.url must be an absolute URL.';
