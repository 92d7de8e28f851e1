import { expect, it } from '@jest/globals';
import { plainArray } from './array-parameters.js';

it('writes values as PostgreSQL reads arrays, and null as NULL', () => {
  expect(plainArray(['a_b', 7, null, -1.5, '2026-11-23T10:00:00.000Z'])).toBe(
    '{a_b,7,NULL,-1.5,2026-11-23T10:00:00.000Z}',
  );
  expect(plainArray([])).toBe('{}');
});
