import { describe, expect, it } from '@jest/globals';
import { isId, lowestIdAt, newId, timeOfId } from './ids.js';

describe('ids', () => {
  it('grow strictly', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('hold the moment they were made in', () => {
    const before = Date.now();
    const at = timeOfId(newId());
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it('have a lowest one for each moment, which every id of that moment reaches', () => {
    const id = newId();
    expect(lowestIdAt(timeOfId(id)) <= id).toBe(true);
    expect(lowestIdAt(timeOfId(id) + 1) > id).toBe(true);
    expect(isId(lowestIdAt(0))).toBe(true);
  });

  it.each(['', 'null', '1', `{${newId()}}`, newId().toUpperCase(), `${newId()} `, null, 7, [newId()]])(
    'are not %j',
    (text) => expect(isId(text)).toBe(false),
  );
});
