// HMAC and constant-time comparison over bytes: shared by verifying what we receive and signing what we send.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { BinaryToTextEncoding } from 'node:crypto';

export type HashAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** How long a MAC is, in bytes. */
export const MAC_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** How much a hash reads at a time, in bytes: its key is filled up to that. */
const BLOCK_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha1: 64, sha256: 64, sha512: 128 };

/** A longer message is not copied: there the hash itself is what takes the time. */
const MAX_COPIED_BYTES = 16_384;

/** What is hashed: the key and the message; the key and the hash of those. Used anew by each call, which never awaits. */
const inner = Buffer.allocUnsafeSlow(BLOCK_BYTES.sha512 + MAX_COPIED_BYTES);
const outer = Buffer.allocUnsafeSlow(BLOCK_BYTES.sha512 + MAC_BYTES.sha512);

/** What the key is mixed with (RFC 2104, section 2). */
const [INNER_PAD, OUTER_PAD] = [0x36, 0x5c];

/** The MAC of several parts as if they were one. */
export const hmac = (algorithm: HashAlgorithm, key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.from(hmacText(algorithm, 'binary', key, ...parts), 'binary');

/**
 * The same as text.
 *
 * Two hashes, one call each. Node's own `createHmac` makes an object with a part outside of the heap, which takes time to make and to
 * collect: of a message of 1 KB a quarter more, and of all that sending takes of this process a thirtieth.
 */
export function hmacText(
  algorithm: HashAlgorithm,
  encoding: BinaryToTextEncoding,
  key: string | Buffer,
  ...parts: readonly (string | Buffer)[]
): string {
  let size = 0;
  for (const part of parts) size += Buffer.byteLength(part);
  if (size > MAX_COPIED_BYTES) {
    const mac = createHmac(algorithm, key);
    for (const part of parts) mac.update(part);
    return mac.digest(encoding);
  }
  const block = BLOCK_BYTES[algorithm];
  const short = Buffer.byteLength(key) > block ? hash(algorithm, key, 'buffer') : key;
  inner.fill(0, put(short, inner, 0), block);
  for (let at = 0; at < block; at += 1) {
    const byte = inner[at] as number;
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  let end = block;
  for (const part of parts) end = put(part, inner, end);
  const ofMessage = hash(algorithm, inner.subarray(0, end), 'binary');
  return hash(algorithm, outer.subarray(0, block + outer.write(ofMessage, block, 'binary')), encoding);
}

/** Copies text or bytes; returns where they end. */
const put = (part: string | Buffer, into: Buffer, at: number): number =>
  at + (typeof part === 'string' ? into.write(part, at) : part.copy(into, at));

/** Equality whose time does not depend on where two byte strings differ; a wrong length is simply unequal. */
export const equalBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Equality of two texts whose time depends on neither, not even on their lengths. */
export const equalTexts = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer');
