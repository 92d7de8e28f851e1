import { describe, expect, it } from '@jest/globals';
import { KnownIds } from './known-ids.js';

describe('known ids', () => {
  it('are told from the others', () => {
    const known = new KnownIds(10);
    known.add(['a', 'b']);
    expect(known.unknownOf(['a', 'c', 'b', 'd'])).toEqual(['c', 'd']);
  });

  it('are never more than may be, the ones used longest ago being forgotten', () => {
    const known = new KnownIds(3);
    known.add(['a', 'b', 'c']);
    known.add(['a']);
    known.add(['d']);
    expect(known.unknownOf(['a', 'b', 'c', 'd'])).toEqual(['b']);
    known.add(Array.from({ length: 1_000 }, (_, n) => `n${n}`));
    expect(known.size).toBe(3);
  });
});
