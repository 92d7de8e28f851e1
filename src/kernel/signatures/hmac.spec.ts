import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hmac, hmacText, MAC_BYTES } from './hmac.js';
import type { HashAlgorithm } from './hmac.js';

const ALGORITHMS = Object.keys(MAC_BYTES) as HashAlgorithm[];

/** Around a block of each hash, around what is copied, and beyond. */
const KEY_BYTES = [0, 1, 20, 63, 64, 65, 127, 128, 129, 1_000];
const MESSAGE_BYTES = [0, 1, 55, 56, 64, 1_200, 16_383, 16_384, 16_385, 100_000];

describe.each(ALGORITHMS)('a MAC by %s', (algorithm) => {
  // https://www.rfc-editor.org/rfc/rfc4231#section-4.3 and https://www.rfc-editor.org/rfc/rfc2202#section-3, case 2
  it('is that of the RFC', () => {
    const published = {
      sha1: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
      sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      sha512:
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    };
    expect(hmacText(algorithm, 'hex', 'Jefe', 'what do ya want ', 'for nothing?')).toBe(published[algorithm]);
  });

  it.each(KEY_BYTES)('is what OpenSSL makes of a key of %i bytes and a message of any length', (keyBytes) => {
    for (const messageBytes of MESSAGE_BYTES) {
      const [key, message] = [randomBytes(keyBytes), randomBytes(messageBytes)];
      const parts = [message.subarray(0, messageBytes / 3), message.subarray(messageBytes / 3)];
      expect(hmac(algorithm, key, ...parts)).toEqual(createHmac(algorithm, key).update(message).digest());
    }
  });

  it('takes keys and parts as text in UTF-8, beside bytes', () => {
    const key = `${'schlüssel'.repeat(10)}🔑`;
    const expected = createHmac(algorithm, key)
      .update('é')
      .update(Buffer.from([0, 255]))
      .digest('base64');
    expect(hmacText(algorithm, 'base64', key, 'é', Buffer.from([0, 255]))).toBe(expected);
  });

  it('of one message leaves nothing in that of the next', () => {
    const expected = hmac(algorithm, 'short', 'x');
    hmac(algorithm, 'k'.repeat(128), 'y'.repeat(10_000));
    expect(hmac(algorithm, 'short', 'x')).toEqual(expected);
  });
});
