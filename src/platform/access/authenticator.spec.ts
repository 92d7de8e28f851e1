import { expect, it } from '@jest/globals';
import { fingerprintOf } from '../../kernel/api-key.js';
import { bearerOf } from './authenticator.js';

it('works the fingerprint of a request out once, and of another token than it came with anew', () => {
  const request = {};
  const own = bearerOf(request, 'Bearer one');
  expect(own).toEqual({ token: 'one', fingerprint: fingerprintOf('one') });
  expect(bearerOf(request, 'Bearer one')).toBe(own);
  expect(bearerOf(request, 'Bearer two')).toEqual({ token: 'two', fingerprint: fingerprintOf('two') });
  expect(bearerOf(request, 'Bearer one')).toBe(own);
  expect(bearerOf(request, undefined)).toBeUndefined();
});
