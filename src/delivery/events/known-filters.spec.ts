import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { WebhookChanges } from '../../registry/index.js';
import { KnownFilters } from './known-filters.js';
import type { ToldFilter } from './known-filters.js';

const known = (changes = new WebhookChanges()): KnownFilters => {
  const filters = new KnownFilters(changes);
  filters.onModuleInit();
  return filters;
};
const numbered = (n: number): object => ({ data: { n } });
/** By webhook: so many filters, by default the n-th of which takes n. */
const told = (count: number, input: (n: number) => object = numbered): Map<string, ToldFilter> =>
  new Map(Array.from({ length: count }, (_, n) => [`w${n}`, { id: randomUUID(), input: input(n) }]));
const event = (n: number) => ({ type: 'order.paid', data: JSON.stringify({ n }) });
const asked = async (filters: KnownFilters, tenantId = 'a'): Promise<readonly string[]> =>
  (await filters.judge(tenantId, [event(0)])).asked;
/** As get_bit of PostgreSQL counts. */
const bit = (bits: Buffer, at: number): number => ((bits[at >> 3] as number) >> (at & 7)) & 1;

describe('known filters', () => {
  it('tell of each event in a bit per filter which it does not meet, in the order of their ids', async () => {
    const filters = known();
    const told19 = told(19);
    filters.learn('a', told19);
    const { asked, filteredOut } = await filters.judge('a', [event(3), event(18), event(77)]);
    const ids = [...told19.values()].map(({ id }) => id);
    expect(asked).toEqual([...ids].sort());
    const met = filteredOut.map((bits) => asked.filter((_, at) => bit(bits!, at) === 0));
    expect(met).toEqual([[ids[3]], [ids[18]], []]);
  });

  it('cost an event a bit each, or nothing where it meets all of them or there are none', async () => {
    const filters = known();
    expect(await filters.judge('a', [event(0)])).toEqual({ asked: [], filteredOut: [null] });
    filters.learn(
      'a',
      told(1_000, () => numbered(1)),
    );
    const { filteredOut } = await filters.judge('a', [event(0), event(1)]);
    expect([filteredOut[0]?.length, filteredOut[1]]).toEqual([125, null]);
  });

  it('are forgotten with their webhook, and where that has another, which is told again', async () => {
    const changes = new WebhookChanges();
    const filters = known(changes);
    filters.learn('a', told(3));
    const before = await asked(filters);
    changes.tell({ kind: 'deleted', tenantId: 'b', webhookId: 'w1' });
    changes.tell({ kind: 'disabled', tenantId: 'a', webhookId: 'w0' });
    expect(await asked(filters)).toEqual(before);
    changes.tell({ kind: 'deleted', tenantId: 'a', webhookId: 'w1' });
    changes.tell({ kind: 'updated', tenantId: 'a', webhookId: 'w2' });
    expect(await asked(filters)).toHaveLength(1);
    filters.learn('a', told(2));
    expect(await asked(filters)).toHaveLength(2);
    for (const n of [0, 1]) changes.tell({ kind: 'deleted', tenantId: 'a', webhookId: `w${n}` });
    expect(await asked(filters)).toEqual([]);
  });

  it('are bounded by their length: the tenant that was judged longest ago is forgotten', async () => {
    const filters = known();
    const long = () => told(2_000, () => ({ data: { text: 'x'.repeat(8_000) } }));
    for (const tenantId of ['a', 'b']) filters.learn(tenantId, long());
    await asked(filters, 'a');
    filters.learn('c', long());
    const left = await Promise.all(['a', 'b', 'c'].map((tenantId) => asked(filters, tenantId)));
    expect(left.map(({ length }) => length)).toEqual([2_000, 0, 2_000]);
  });

  it('are bounded by their number, and those of one tenant that exceeds it by itself are all known once they are told together', async () => {
    const filters = known();
    const all = told(20_500);
    filters.learn('a', new Map([...all].slice(0, 19_500)));
    filters.learn('a', new Map([...all].slice(19_500)));
    // What it had is told again, and with it what it was told just now.
    expect(await asked(filters)).toHaveLength(1_000);
    filters.learn('a', all);
    expect(await asked(filters)).toHaveLength(20_500);
    filters.learn('b', told(1));
    expect([(await asked(filters)).length, (await asked(filters, 'b')).length]).toEqual([0, 1]);
  });
});
