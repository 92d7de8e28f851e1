import { describe, expect, it } from '@jest/globals';
import { Hint } from './hint.js';

describe('a hint', () => {
  it('is about nothing, then about each name once', () => {
    const hint = new Hint(3);
    expect(hint.isEmpty).toBe(true);
    expect(hint.add([]).isEmpty).toBe(true);
    expect(hint.add(['a', 'b']).add(['b']).names).toEqual(['a', 'b']);
    expect(hint.isEmpty).toBe(false);
  });

  it.each([
    ['anything was told', new Hint(3).add(['a']).add(undefined)],
    ['there are more names than it tells', new Hint(3).add(['a', 'b']).add(['c', 'd'])],
  ])('is about anything once %s, and stays so', (_, hint) => {
    expect(hint.isEmpty).toBe(false);
    expect(hint.names).toBeUndefined();
    expect(hint.add(['e']).names).toBeUndefined();
  });
});
