import { afterEach, expect, it, jest } from '@jest/globals';
import { ConnectionShares } from './connection-shares.js';

afterEach(() => void jest.useRealTimers());

/** Work that has its turn under a name, and ends when it is told to. */
function scene(connections: number) {
  const shares = new ConnectionShares(connections, { connectionTimeoutMillis: 60_000 });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (tenant: string, name: string): Promise<string> =>
    shares.within(tenant, async () => {
      begun.push(name);
      await new Promise<void>((end) => ends.set(name, end));
      return name;
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ask, end, begun };
}

it('gives a tenant half of what the others leave, and the rest of its work its turn, first come, first served', async () => {
  const { ask, end, begun } = scene(4);
  const all = ['a1', 'a2', 'a3', 'a4'].map((name) => ask('a', name));
  void ask('b', 'b1');
  void ask('c', 'c1');
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1']);
  // What is left is half of what the others leave: a3 waits for b1 and c1 as well.
  await end('a2');
  expect(begun.slice(4)).toEqual([]);
  await end('b1');
  await end('c1');
  expect(begun.slice(4)).toEqual(['a3']);
  await end('a1');
  await end('a3');
  await end('a4');
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4']);
});

it('lets tenants in by turns where nothing is left', async () => {
  const { ask, end, begun } = scene(1);
  for (const name of ['a1', 'a2', 'a3']) void ask('a', name);
  for (const name of ['b1', 'b2']) void ask('b', name);
  for (const name of ['a1', 'a2', 'b1', 'a3']) await end(name);
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
});

it('refuses what has waited too long, and gives the place of what has failed to the next', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const shares = new ConnectionShares(1, { connectionTimeoutMillis: 5_000 });
  const failing = shares.within(
    'a',
    () => new Promise<never>((_, fail) => setTimeout(() => fail(new Error('x')), 6_000)),
  );
  const failed = expect(failing).rejects.toThrow('x');
  const early = expect(shares.within('a', () => Promise.resolve())).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'too_busy',
  });
  await jest.advanceTimersByTimeAsync(5_000);
  await early;
  const late = shares.within('b', () => Promise.resolve('done'));
  await jest.advanceTimersByTimeAsync(1_000);
  await failed;
  expect(await late).toBe('done');
  expect(jest.getTimerCount()).toBe(0);
});
