// Signatures that anyone can check and only the sender can make. A key that is none verifies nothing: it never throws.
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { parseBase64 } from './encoding.js';

/** What stands before the 32 bytes of an Ed25519 key in its SPKI form (RFC 8410). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** The Ed25519 key of these 32 bytes. */
export function ed25519Key(bytes: Buffer | undefined): KeyObject | undefined {
  return bytes?.length === 32 ? publicKey(Buffer.concat([ED25519_SPKI, bytes]), 'ed25519') : undefined;
}

/** An ECDSA key on P-256, as base64 of its SPKI form, with or without the lines of PEM. */
export function p256Key(text: string): KeyObject | undefined {
  const der = parseBase64(text.replace(/-----[A-Z ]+-----|\s/g, ''));
  const key = der && publicKey(der, 'ec');
  return key?.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
}

/** Whether the owner of the key signed these bytes. */
export const isSignedBy = (key: KeyObject, message: Buffer, signature: Buffer): boolean =>
  verify(key.asymmetricKeyType === 'ec' ? 'sha256' : null, message, key, signature);

function publicKey(der: Buffer, type: 'ed25519' | 'ec'): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === type ? key : undefined;
  } catch {
    return undefined;
  }
}
