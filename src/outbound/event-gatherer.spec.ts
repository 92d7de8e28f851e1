import { describe, expect, it } from '@jest/globals';
import type { NewEvent } from '../delivery/index.js';
import { EventGatherer } from './event-gatherer.js';

const event = (id: string, data = '{}'): NewEvent => ({ id, type: 'order.completed', occurredAt: new Date(0), data });

/** A store whose statements end when the test says so. */
function slowStore() {
  const statements: { tenantId: string; ids: string[]; commit: () => void; fail: (error: unknown) => void }[] = [];
  const gatherer = new EventGatherer(
    (tenantId, events) =>
      new Promise((resolve, reject) => {
        const ids = events.map(({ id }) => id);
        statements.push({ tenantId, ids, commit: () => resolve(new Map(ids.map((id) => [id, 1]))), fail: reject });
      }),
  );
  return { gatherer, statements };
}

/** Everything that is ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const refusedBy = (code: string): Error => Object.assign(new Error('refused'), { code });

describe('events that wait at the same moment', () => {
  it('go together while two statements are under way, in order, and resolve when theirs commits', async () => {
    const { gatherer, statements } = slowStore();
    const done: string[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) void gatherer.add('t', event(id)).then(() => done.push(id));
    expect(statements.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
    statements[0]?.commit();
    await settled();
    expect(done).toEqual(['a']);
    expect(statements[2]?.ids).toEqual(['c', 'd', 'e']);
    statements[2]?.commit();
    await settled();
    expect(done).toEqual(['a', 'c', 'd', 'e']);
  });

  it('never share a statement, nor wait, across tenants', () => {
    const { gatherer, statements } = slowStore();
    for (const tenantId of ['t', 't', 't', 'u']) void gatherer.add(tenantId, event(tenantId));
    expect(statements.map(({ tenantId }) => tenantId)).toEqual(['t', 't', 'u']);
  });

  it('go in several statements where they are many or large', async () => {
    const { gatherer, statements } = slowStore();
    void gatherer.add('t', event('first'));
    void gatherer.add('t', event('second'));
    for (let n = 0; n < 101; n += 1) void gatherer.add('t', event(`n${n}`));
    for (const id of ['x', 'y']) void gatherer.add('t', event(id, ' '.repeat(600_000)));
    for (const at of [0, 2, 3]) {
      statements[at]?.commit();
      await settled();
    }
    expect(statements.slice(2).map(({ ids }) => ids.length)).toEqual([100, 2, 1]);
  });
});

describe('a statement that fails', () => {
  it('is repeated event by event where values were refused, and fails only the one they belong to', async () => {
    const gatherer = new EventGatherer(async (_tenantId, events) => {
      await settled();
      if (events.some(({ id }) => id === 'bad')) throw refusedBy('23514');
      return new Map(events.map(({ id }) => [id, 1]));
    });
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'bad', 'd'].map((id) => gatherer.add('t', event(id))));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('is not repeated where it may have committed', async () => {
    const { gatherer, statements } = slowStore();
    const outcomes = Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => gatherer.add('t', event(id))));
    statements[0]?.commit();
    await settled();
    statements[1]?.commit();
    statements[2]?.fail(refusedBy('57P01'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(statements).toHaveLength(3);
  });
});
