// Secrets that sign what we send, in the written form of Standard Webhooks. A secret tells its scheme by its prefix:
//   whsec_<base64>  HMAC-SHA256; receivers hold the same secret
//   whsk_<base64>   Ed25519, a private key; receivers hold its public key, whpk_<base64>
// Any other text is a secret taken over from another system: it keys HMAC as it stands.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Secret } from '../secret.js';
import { parseBase64 } from './encoding.js';

export const SIGNATURE_SCHEMES = ['hmac', 'ed25519'] as const;

export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

const HMAC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';

/** Of an Ed25519 private key; libraries write the public key behind it, as long again (RFC 8032 calls this part the seed). */
const SEED_BYTES = 32;
/** An Ed25519 private key in PKCS #8 (RFC 8410) is these bytes and the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** What a secret taken over from another system may be: one that nobody guesses, in characters that survive any form. */
const FOREIGN_SECRET = /^[\x21-\x7e]{24,256}$/;

/** A new secret: 32 random bytes (Standard Webhooks asks for 24 to 64), or a new Ed25519 key. */
export function newSigningSecret(scheme: SignatureScheme = 'hmac'): Secret {
  if (scheme === 'hmac') return new Secret(`${HMAC_PREFIX}${randomBytes(32).toString('base64')}`);
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES);
  return new Secret(`${PRIVATE_PREFIX}${Buffer.concat([seed, publicBytesOf(privateKey)]).toString('base64')}`);
}

/** Whether a text may sign: `whsec_` and 24 to 64 bytes, `whsk_` and a private key, or 24 to 256 printable ASCII characters. */
export function isSigningSecret(text: string): boolean {
  if (text.startsWith(HMAC_PREFIX)) {
    const key = parseBase64(text.slice(HMAC_PREFIX.length));
    return key !== undefined && key.length >= 24 && key.length <= 64;
  }
  if (!text.startsWith(PRIVATE_PREFIX)) return FOREIGN_SECRET.test(text) && !text.startsWith(PUBLIC_PREFIX);
  const key = parseBase64(text.slice(PRIVATE_PREFIX.length));
  if (key?.length === SEED_BYTES) return true;
  return key?.length === 2 * SEED_BYTES && publicBytesOf(keyFrom(key)).equals(key.subarray(SEED_BYTES));
}

export const schemeOf = (secret: Secret): SignatureScheme =>
  secret.reveal().startsWith(PRIVATE_PREFIX) ? 'ed25519' : 'hmac';

/** The private key behind a secret of the scheme ed25519. @throws Error where it is none. */
export function privateKeyOf(secret: Secret): KeyObject {
  const key = parseBase64(secret.reveal().slice(PRIVATE_PREFIX.length));
  if (!key || key.length < SEED_BYTES) throw new Error('An Ed25519 signing secret is whsk_ and base64 of its key.');
  return keyFrom(key);
}

/** What receivers verify with, `whpk_` and base64 of its 32 bytes; undefined: they hold the secret itself. */
export const publicKeyOf = (secret: Secret): string | undefined =>
  schemeOf(secret) === 'hmac' ? undefined : `${PUBLIC_PREFIX}${publicBytesOf(privateKeyOf(secret)).toString('base64')}`;

/** The bytes that key HMAC in Standard Webhooks; a secret without the prefix keys it with its text. */
export function hmacBytesOf(secret: Secret): Buffer {
  const text = secret.reveal();
  return text.startsWith(HMAC_PREFIX) ? Buffer.from(text.slice(HMAC_PREFIX.length), 'base64') : Buffer.from(text);
}

const keyFrom = (bytes: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes.subarray(0, SEED_BYTES)]), format: 'der', type: 'pkcs8' });

const publicBytesOf = (key: KeyObject): Buffer =>
  createPublicKey(key.export({ format: 'pem', type: 'pkcs8' }))
    .export({ format: 'der', type: 'spki' })
    .subarray(-SEED_BYTES);
