import { describe, expect, it } from '@jest/globals';
import { lowestIdAt } from '../../kernel/ids.js';
import { MAX_SENT, OVERLAP_MS, StreamPosition } from './stream-position.js';

const NOW_MS = 1_767_225_600_000;
/** An id that was made so long after the start. */
const idAt = (ms: number, n = 1): string => `${lowestIdAt(NOW_MS + ms).slice(0, -4)}${n.toString(16).padStart(4, '0')}`;

/** What a reader is sent, when these rows are there. */
const read = (position: StreamPosition, rows: readonly string[], atMs: number, page = 50): string[] => {
  const there = rows.filter((id) => id > position.after && !position.known.includes(id)).sort();
  const sent = there.slice(0, page);
  position.advance(sent, there.length < page, NOW_MS + atMs);
  return sent;
};

describe('a position', () => {
  it('of now skips what is there, and takes everything after it once', () => {
    const position = StreamPosition.now(NOW_MS, [idAt(-5)]);
    expect(read(position, [idAt(-5)], 1)).toEqual([]);
    expect(read(position, [idAt(-5), idAt(2)], 3)).toEqual([idAt(2)]);
    expect(read(position, [idAt(-5), idAt(2)], 4)).toEqual([]);
  });

  it('takes what became visible late, below others, as long as the overlap reaches', () => {
    const position = StreamPosition.now(NOW_MS, []);
    expect(read(position, [idAt(20_000)], 20_000)).toEqual([idAt(20_000)]);
    const [within, beyond] = [idAt(20_000 - OVERLAP_MS + 1), idAt(20_000 - OVERLAP_MS - 1)];
    expect(read(position, [beyond, within, idAt(20_000)], 20_010)).toEqual([within]);
  });

  it('after an id takes what came later, and what came shortly before it again, but not itself', () => {
    const last = idAt(0);
    const rows = [idAt(-OVERLAP_MS - 1), idAt(-1), last, idAt(1)];
    expect(read(StreamPosition.after(last), rows, 60_000)).toEqual([idAt(-1), idAt(1)]);
  });

  it('goes through what waits page by page, however old it is, and leaves nothing out', () => {
    const rows = Array.from({ length: 12 }, (_, n) => idAt(n));
    const position = StreamPosition.after(lowestIdAt(NOW_MS));
    const pages = [1, 2, 3].map((n) => read(position, rows, 3_600_000 + n, 5));
    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(pages.flat()).toEqual(rows);
    // In the middle of it, it goes on from what was sent, and at its end from the time of the last look.
    expect(position.resumeId).toBe(lowestIdAt(NOW_MS + 3_600_003));
  });

  it('remembers so much and no more: past that, the overlap is shorter, and nothing comes twice', () => {
    const position = StreamPosition.now(NOW_MS, []);
    const rows = Array.from({ length: 2 * MAX_SENT }, (_, n) => idAt(1, n));
    const sent: string[] = [];
    for (let page; (page = read(position, rows, 2)).length > 0;) sent.push(...page);
    expect(sent).toEqual(rows);
    expect(position.known.length).toBeLessThanOrEqual(MAX_SENT);
  });

  it('of now where more is there than it remembers skips it all', () => {
    const rows = Array.from({ length: MAX_SENT + 1 }, (_, n) => idAt(-1, n));
    expect(read(StreamPosition.now(NOW_MS, rows), rows, 1)).toEqual([]);
  });

  it('never goes back, also where the clock does', () => {
    const position = StreamPosition.now(NOW_MS, []);
    read(position, [], 60_000);
    const { after } = position;
    read(position, [], 0);
    expect(position.after).toBe(after);
  });
});
