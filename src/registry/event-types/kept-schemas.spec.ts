import { expect, it } from '@jest/globals';
import { KeptSchemas } from './kept-schemas.js';

const KIB = 1_024;
/** Room for four of 1 KiB, which take 2 KiB each. */
const ROOM = 8 * KIB;

it('forget of whoever has the most what was used longest ago', () => {
  const kept = new KeptSchemas<string>(ROOM);
  for (const id of ['1', '2', '3']) kept.set('many', id, id, KIB);
  kept.set('one', '1', 'of one', KIB);
  kept.get('many', '1');
  for (const id of ['4', '5', '6']) kept.set('many', id, id, KIB);
  expect(['1', '2', '3', '4', '5', '6'].map((id) => kept.get('many', id))).toEqual([
    undefined,
    undefined,
    undefined,
    '4',
    '5',
    '6',
  ]);
  expect(kept.get('one', '1')).toBe('of one');
  kept.set('one', '2', 'another', KIB);
  expect([kept.get('one', '1'), kept.get('many', '4'), kept.get('many', '5')]).toEqual(['of one', undefined, '5']);
});

it('count what is set again once', () => {
  const kept = new KeptSchemas<number>(ROOM);
  kept.set('a', 'first', 0, KIB);
  for (let n = 1; n < 10; n += 1) kept.set('a', 'again', n, KIB);
  expect([kept.get('a', 'first'), kept.get('a', 'again')]).toEqual([0, 9]);
});
