import { describe, expect, it } from '@jest/globals';
import { Gatherer } from './gatherer.js';

interface Item {
  readonly line: string;
  readonly key: string;
  readonly bytes?: number;
}

/** Writes when it is told to, and refuses a statement that holds the key `bad`. */
class Store {
  readonly statements: string[][] = [];
  private readonly open: (() => void)[] = [];
  readonly gatherer = new Gatherer<Item, string>({
    lineOf: ({ line }) => line,
    keyOf: ({ key }) => key,
    bytesOf: ({ bytes = 1 }) => bytes,
    write: async (items) => {
      const keys = items.map(({ key }) => key);
      this.statements.push(keys);
      await new Promise<void>((resolve) => this.open.push(resolve));
      if (keys.includes('bad')) throw Object.assign(new Error('bad'), { code: '22001' });
      if (keys.includes('gone')) throw Object.assign(new Error('gone'), { code: '08006' });
      return keys.map((key) => `wrote ${key}`);
    },
  });

  add(...keys: string[]): Promise<string>[] {
    return keys.map((key) => this.gatherer.add({ line: 'one', key }));
  }

  /** Lets what may begin by now begin. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends what is under way, and what that lets begin, until nothing is left. */
  async finish(): Promise<void> {
    for (let idle = 0; idle < 3;) {
      await this.turn();
      const ended = this.open.splice(0);
      for (const end of ended) end();
      idle = ended.length > 0 ? 0 : idle + 1;
    }
  }
}

describe('what is written at the same moment', () => {
  it('shares a statement, in the order of its keys, and each hears of its own', async () => {
    const store = new Store();
    const told = store.add('c', 'a', 'b');
    await store.finish();
    expect(await Promise.all(told)).toEqual(['wrote c', 'wrote a', 'wrote b']);
    expect(store.statements).toEqual([['a', 'b', 'c']]);
  });

  it('goes beside a small statement that is under way, and gathers while a large one is', async () => {
    const store = new Store();
    const told = store.add('a', 'b');
    await store.turn();
    told.push(...store.add('c'));
    await store.turn();
    expect(store.statements).toEqual([['a', 'b'], ['c']]);
    await store.finish();
    const many = ['d', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];
    told.push(...store.add(...many));
    await store.turn();
    told.push(...store.add('l'));
    await store.turn();
    told.push(...store.add('m'));
    await store.turn();
    expect(store.statements.slice(2)).toEqual([many]);
    await store.finish();
    expect(store.statements.slice(3)).toEqual([['l', 'm']]);
    expect(await Promise.all(told)).toHaveLength(13);
  });

  it('shares none with another of its key: that goes with the next', async () => {
    const store = new Store();
    const told = store.add('a', 'b', 'a', 'a');
    await store.finish();
    expect(await Promise.all(told)).toEqual(['wrote a', 'wrote b', 'wrote a', 'wrote a']);
    expect(store.statements.every((keys) => new Set(keys).size === keys.length)).toBe(true);
    expect(store.statements.flat().sort()).toEqual(['a', 'a', 'a', 'b']);
  });

  it('shares none with another line, and waits for none', async () => {
    const store = new Store();
    void store.gatherer.add({ line: 'one', key: 'a' });
    void store.gatherer.add({ line: 'two', key: 'b' });
    await store.finish();
    expect(store.statements).toEqual([['a'], ['b']]);
  });

  it('is bounded in number and bytes, but for one that is too large by itself', async () => {
    const store = new Store();
    void Promise.all(store.add(...Array.from({ length: 250 }, (_, n) => `n${n}`)));
    await store.finish();
    expect(Math.max(...store.statements.map(({ length }) => length))).toBe(100);
    const large = new Store();
    for (const key of ['x', 'y', 'z']) void large.gatherer.add({ line: 'one', key, bytes: 2_000_000 });
    await large.finish();
    expect(large.statements).toEqual([['x'], ['y'], ['z']]);
  });

  it('does not fail for one that PostgreSQL refuses', async () => {
    const store = new Store();
    const told = store.add('a', 'bad', 'c');
    const settled = Promise.allSettled(told);
    await store.finish();
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(store.statements).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
  });

  it('fails together where nobody knows what was written', async () => {
    const store = new Store();
    const settled = Promise.allSettled(store.add('a', 'gone'));
    await store.finish();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(store.statements).toEqual([['a', 'gone']]);
  });
});
