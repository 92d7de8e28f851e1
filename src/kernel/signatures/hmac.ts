// HMAC and constant-time comparison over bytes: shared by verifying what we receive and signing what we send.
import { createHmac, timingSafeEqual } from 'node:crypto';

export type HashAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** The MAC of several parts as if they were one; parts are never joined, so large bodies are not copied. */
export function hmac(algorithm: HashAlgorithm, key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const mac = createHmac(algorithm, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** Equality whose time does not depend on where two byte strings differ; a wrong length is simply unequal. */
export const equalBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Bytes of a lower-case hex MAC of exactly `bytes` bytes, or `undefined`: `Buffer.from` would silently stop at junk. */
export const parseHex = (text: string, bytes: number): Buffer | undefined =>
  text.length === bytes * 2 && /^[0-9a-f]+$/.test(text) ? Buffer.from(text, 'hex') : undefined;
