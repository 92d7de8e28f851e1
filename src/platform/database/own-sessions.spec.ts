import { describe, expect, it } from '@jest/globals';
import { haveOwnSessions } from './own-sessions.js';
import type { SessionOf } from './own-sessions.js';

const always =
  (pid: number): SessionOf =>
  () =>
    Promise.resolve(pid);

/** A pooler with these sessions: who asks gets whichever `pick` says, by how often it was asked before. */
function pooler(sessions: readonly number[], pick: (asked: number) => number): SessionOf {
  let asked = 0;
  return () => Promise.resolve(sessions[pick(asked++) % sessions.length] as number);
}

describe('sessions of their own', () => {
  it('has who is always answered by one session, and the other by another', async () => {
    expect(await haveOwnSessions(always(1), always(2))).toBe(true);
  });

  it.each([
    ['one session for all', pooler([1], () => 0)],
    ['two in turn', pooler([1, 2], (asked) => asked)],
    ['three in turn', pooler([1, 2, 3], (asked) => asked)],
    ['the second just opened, then the one given back last', pooler([1, 2], (asked) => Math.min(asked, 1))],
    ['its own to each until the second round', pooler([1, 2, 3], (asked) => [0, 1, 1, 0, 0, 1, 2][asked] ?? 0)],
  ])('has nobody where a pooler gives out %s', async (_, ask) => {
    expect(await haveOwnSessions(ask, ask)).toBe(false);
  });
});
