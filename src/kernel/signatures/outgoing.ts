// How what we send is signed. Two schemes on every request: the plain `sha256=` that anyone can check in three lines,
// and Standard Webhooks (https://www.standardwebhooks.com), which binds id and time and carries several signatures.
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Secret } from '../secret.js';
import { hmacText } from './hmac.js';
import { hmacBytesOf, privateKeyOf, schemeOf } from './signing-secret.js';

/** A shared secret made ready for use: decoded once, used for many requests. */
interface HmacKey {
  readonly scheme: 'hmac';
  /** The whole secret string: the key of `X-Webhook-Signature`. */
  readonly text: string;
  /** The bytes behind `whsec_`: the key of `webhook-signature`. */
  readonly bytes: Buffer;
}

/** A private key made ready for use. */
interface Ed25519Key {
  readonly scheme: 'ed25519';
  readonly key: KeyObject;
}

/** A signing secret made ready for use. */
export type SigningKey = HmacKey | Ed25519Key;

/** The message that is signed: `body` must be the very bytes that are sent. */
interface OutgoingMessage {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: Buffer;
}

/** Opens a secret for signing. */
export const signingKey = (secret: Secret): SigningKey =>
  schemeOf(secret) === 'ed25519'
    ? { scheme: 'ed25519', key: privateKeyOf(secret) }
    : { scheme: 'hmac', text: secret.reveal(), bytes: hmacBytesOf(secret) };

/**
 * `sha256=<hex HMAC of the body>`, keyed by the oldest live shared secret, so that receivers who know one secret keep
 * working through a rotation; `undefined` where none is shared.
 *
 * @param keys - Newest first.
 */
export function plainSignature(keys: readonly SigningKey[], body: Buffer): string | undefined {
  const oldest = keys.findLast((key) => key.scheme === 'hmac');
  return oldest && `sha256=${hmacText('sha256', 'hex', oldest.text, body)}`;
}

/** `v1,<base64>` for each live shared secret and `v1a,<base64>` for each live private key, a space between, in the order given (newest first). */
export function standardSignature(
  keys: readonly SigningKey[],
  { id, timestampSeconds, body }: OutgoingMessage,
): string {
  const head = `${id}.${timestampSeconds}.`;
  return keys
    .map((key) =>
      key.scheme === 'hmac'
        ? `v1,${hmacText('sha256', 'base64', key.bytes, head, body)}`
        : // Ed25519 reads its message twice, and so needs it in one piece.
          `v1a,${sign(null, Buffer.concat([Buffer.from(head), body]), key.key).toString('base64')}`,
    )
    .join(' ');
}
