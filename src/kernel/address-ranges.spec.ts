import { describe, expect, it } from '@jest/globals';
import { isWithin, parseNetwork } from './address-ranges.js';

describe('an address', () => {
  const networks = ['203.0.113.0/24', '2001:db8::/32'].map(parseNetwork);

  it.each(['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107', '2001:db8:1::1'])('%s is within', (address) =>
    expect(isWithin(address, networks)).toBe(true),
  );

  it.each([
    '203.0.114.7',
    '2001:db9::1',
    '::203.0.113.7',
    '203.0.113.7, 203.0.113.7',
    '203.0.113.07',
    '',
    'fe80::1%eth0',
  ])('%s is not', (address) => expect(isWithin(address, networks)).toBe(false));
});
