// API keys: `ph_`, 43 letters and digits that hold 256 random bits, and six more that are a checksum of all before them. By
// prefix and checksum a secret scanner knows one, and a mistyped key is refused without asking a database. Tokens of portal
// sessions are alike, and begin with `pp_`.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from './secret.js';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_BYTES = 32;
/** 62^43 is just above 2^256, and 62^6 above 2^32. */
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const CHECKSUM_BYTES = 4;

const KEY = /^(p[hp]_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;
const API_KEY_START = 'ph_';
const PORTAL_TOKEN_START = 'pp_';

/** How much of a key may be shown, to tell it by: it leaves 208 of the 256 bits unknown. */
const PREFIX_LENGTH = 11;

/** A new key. */
export const newApiKey = (): Secret => newKey(API_KEY_START);

/** A new token of a portal session. */
export const newPortalToken = (): Secret => newKey(PORTAL_TOKEN_START);

/** Whether a text can be a key at all. The checksum is no secret: anybody can make a text that passes. */
export const isApiKey = (text: string): boolean => text.startsWith(API_KEY_START) && isKey(text);

/** Whether a text can be the token of a portal session at all. */
export const isPortalToken = (text: string): boolean => text.startsWith(PORTAL_TOKEN_START) && isKey(text);

/** The part of a key that may be shown. */
export const apiKeyPrefix = (key: string): string => key.slice(0, PREFIX_LENGTH);

/**
 * What is stored of a key. SHA-256 and no slow hash (bcrypt, argon2): those make guessing what people thought up expensive,
 * and 2^256 random keys cannot be guessed at any price, while a slow hash would cost every request its milliseconds.
 */
export const fingerprintOf = (key: string): Buffer => hash('sha256', key, 'buffer');

/** Whether two fingerprints are the same, in a time that says nothing of where they differ. */
export const isSameFingerprint = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

function newKey(start: string): Secret {
  const body = `${start}${base62(randomBytes(RANDOM_BYTES), RANDOM_LENGTH)}`;
  return new Secret(body + checksumOf(body));
}

function isKey(text: string): boolean {
  const [, body, checksum] = KEY.exec(text) ?? [];
  return body !== undefined && checksumOf(body) === checksum;
}

const checksumOf = (body: string): string =>
  base62(hash('sha256', body, 'buffer').subarray(0, CHECKSUM_BYTES), CHECKSUM_LENGTH);

function base62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; text.length < length; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text;
  return text;
}
