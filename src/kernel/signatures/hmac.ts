// HMAC and constant-time comparison over bytes: shared by verifying what we receive and signing what we send.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type HashAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** How long a MAC is, in bytes. */
export const MAC_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** The MAC of several parts as if they were one; parts are never joined, so large bodies are not copied. */
export function hmac(algorithm: HashAlgorithm, key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** Equality whose time does not depend on where two byte strings differ; a wrong length is simply unequal. */
export const equalBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Equality of two texts whose time depends on neither, not even on their lengths. */
export const equalTexts = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
