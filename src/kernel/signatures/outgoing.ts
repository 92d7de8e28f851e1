// How what we send is signed. Two schemes on every request: the plain `sha256=` that anyone can check in three lines,
// and Standard Webhooks (https://www.standardwebhooks.com), which binds id and time and carries several signatures.
import type { Secret } from '../secret.js';
import { hmac } from './hmac.js';

/** A signing secret made ready for use: decoded once, used for many requests. */
export interface SigningKey {
  /** The whole secret string: the key of `X-Webhook-Signature`. */
  readonly text: string;
  /** The bytes behind `whsec_`: the key of `webhook-signature`. */
  readonly bytes: Buffer;
}

/** The message that is signed: `body` must be the very bytes that are sent. */
export interface OutgoingMessage {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: Buffer;
}

/** Opens a secret for signing. A secret without the `whsec_` prefix signs with its text in both schemes. */
export function signingKey(secret: Secret): SigningKey {
  const text = secret.reveal();
  return { text, bytes: text.startsWith('whsec_') ? Buffer.from(text.slice(6), 'base64') : Buffer.from(text) };
}

/** `sha256=<hex HMAC of the body>`, keyed by the oldest live secret, so that receivers who know one secret keep working through a rotation. */
export const plainSignature = (key: SigningKey, body: Buffer): string =>
  `sha256=${hmac('sha256', key.text, body).toString('hex')}`;

/** `v1,<base64> …`: one Standard Webhooks signature for each live secret, in the order given (newest first). */
export const standardSignature = (keys: readonly SigningKey[], message: OutgoingMessage): string =>
  keys
    .map(
      (key) =>
        `v1,${hmac('sha256', key.bytes, `${message.id}.${message.timestampSeconds}.`, message.body).toString('base64')}`,
    )
    .join(' ');
