import { describe, expect, it } from '@jest/globals';
import {
  apiKeyPrefix,
  fingerprintOf,
  isApiKey,
  isPortalToken,
  isSameFingerprint,
  newApiKey,
  newPortalToken,
} from './api-key.js';

describe('an API key', () => {
  it('is known by its prefix and its checksum, and is never made twice', () => {
    const keys = Array.from({ length: 200 }, () => newApiKey().reveal());
    for (const key of keys)
      expect([key.length, /^ph_[0-9A-Za-z]+$/.test(key), isApiKey(key)]).toEqual([52, true, true]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is refused with any one character changed, left out or added', () => {
    const key = newApiKey().reveal();
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'A' ? 'B' : 'A';
      expect(isApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
      expect(isApiKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
    }
    for (const text of ['', 'ph_', `${key}A`, ` ${key}`, `${key}\n`, 'x'.repeat(4_000)])
      expect(isApiKey(text)).toBe(false);
  });

  it('is not taken for the token of a portal session, nor the other way round', () => {
    const [key, token] = [newApiKey().reveal(), newPortalToken().reveal()];
    expect([isApiKey(key), isPortalToken(key)]).toEqual([true, false]);
    expect([isApiKey(token), isPortalToken(token)]).toEqual([false, true]);
    // The checksum covers how it begins.
    expect([isApiKey(token.replace('pp', 'ph')), isPortalToken(key.replace('ph', 'pp'))]).toEqual([false, false]);
  });

  it('shows too little of itself to be guessed', () => {
    const key = newApiKey().reveal();
    expect(key.startsWith(apiKeyPrefix(key))).toBe(true);
    expect(apiKeyPrefix(key)).toHaveLength(11);
  });

  it('is told by its fingerprint', () => {
    const [one, other] = [newApiKey().reveal(), newApiKey().reveal()];
    expect(isSameFingerprint(fingerprintOf(one), fingerprintOf(one))).toBe(true);
    expect(isSameFingerprint(fingerprintOf(one), fingerprintOf(other))).toBe(false);
    expect(isSameFingerprint(fingerprintOf(one), Buffer.alloc(0))).toBe(false);
  });
});
