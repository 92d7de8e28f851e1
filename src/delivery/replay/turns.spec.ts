import { expect, it } from '@jest/globals';
import { Turns } from './turns.js';
import type { Unfinished } from './turns.js';

const of = (tenantId: string, ...webhooks: string[]): Unfinished[] =>
  webhooks.map((webhookId) => ({ id: `${webhookId}-1`, tenantId, webhookId }));

const named = (round: readonly Unfinished[]): string[] => round.map(({ webhookId }) => webhookId);

it('has one of each tenant before a second of any', () => {
  const rounds = [...new Turns().rounds([...of('a', 'a1', 'a2', 'a3'), ...of('b', 'b1'), ...of('c', 'c1', 'c2')])];
  expect(rounds.map(named)).toEqual([['a1', 'b1', 'c1'], ['a2', 'c2'], ['a3']]);
});

it('goes on with the one after that whose turn was last, whatever has come or ended since', () => {
  const turns = new Turns();
  const first = (unfinished: readonly Unfinished[]): string[] => {
    const [round = []] = turns.rounds(unfinished);
    return named(round);
  };
  expect(first(of('a', 'a1', 'a2', 'a3'))).toEqual(['a1']);
  expect(first([...of('a', 'a0', 'a2', 'a3'), ...of('b', 'b1')])).toEqual(['a2', 'b1']);
  expect(first(of('a', 'a0', 'a3'))).toEqual(['a3']);
  expect(first(of('a', 'a0', 'a3'))).toEqual(['a0']);
  expect(first([])).toEqual([]);
});
