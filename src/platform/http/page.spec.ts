import { describe, expect, it } from '@jest/globals';
import { newId } from '../../kernel/ids.js';
import { cursorId, pageOf } from './page.js';

const idOf = ({ id }: { id: string }): string => id;
const rows = Array.from({ length: 3 }, () => ({ id: newId() })).reverse();

describe('a page', () => {
  it('shows the limit, and continues below the last row it shows', () => {
    const page = pageOf(rows, 2, idOf);
    expect(page.data).toEqual(rows.slice(0, 2));
    expect(cursorId(page.nextCursor ?? '')).toBe(rows[1]?.id);
  });

  it('has no next one where no row is left over', () => {
    expect(pageOf(rows, 3, idOf)).toEqual({ data: rows, nextCursor: null });
    expect(pageOf([], 3, idOf)).toEqual({ data: [], nextCursor: null });
  });

  it('begins at the top without a cursor', () => expect(cursorId(undefined)).toBeUndefined());

  it('refuses a cursor in any spelling but its own', () => {
    const { nextCursor } = pageOf(rows, 1, idOf);
    for (const cursor of ['', 'x', `${nextCursor}=`, ` ${nextCursor}`, `${nextCursor}AAAA`, nextCursor?.slice(0, -2)])
      expect(() => cursorId(cursor ?? '')).toThrow(expect.objectContaining({ code: 'invalid_cursor' }));
  });
});
