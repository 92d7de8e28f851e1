// Which events a webhook takes beyond their types: as it is at the moment of dispatching, at every replica.
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { KnownFilters } from '../../src/delivery/events/known-filters.js';
import { EventDispatcher } from '../../src/index.js';
import type { DeliveryScene } from './delivery.harness.js';
import { TwoServers } from './two-servers.harness.js';
import type { DispatchAnswer } from './two-servers.harness.js';

const both = TwoServers.forTests();

const typeOfItsOwn = (): string => `filter.${randomUUID()}`;

describe('a webhook with a filter', () => {
  it('gets what meets it and nothing else, one by one and in a batch', async () => {
    const type = typeOfItsOwn();
    await both.hook(type, { data: { total: { $gte: 100 } }, tags: 'wholesale' });
    const tags = ['wholesale', 'region:eu'];
    expect(await both.send(type, { total: 99 }, { tags })).toMatchObject({ deliveries: 0 });
    expect(await both.send(type, { total: 100 })).toMatchObject({ deliveries: 0 });
    const sent = await both.send(type, { total: 100 }, { tags });
    expect(sent).toMatchObject({ deliveries: 1 });
    expect((await both.receiver.next()).headers['webhook-id']).toBe(sent.id);
    const events = [1, 500, 7, 100].map((total) => ({ event: type, data: { total }, tags }));
    const { body } = await both.scene.server.api<{ results: DispatchAnswer[] }>('POST', '/api/events/batch', {
      events,
    });
    expect(body.results.map(({ deliveries }) => deliveries)).toEqual([0, 1, 0, 1]);
    await both.receiver.next();
    await both.receiver.next();
    const { body: stored } = await both.scene.server.api('GET', `/api/events/${sent.id}`);
    expect(stored).toMatchObject({ tags });
  });

  it('gets its own of many events, beside many others with filters, whichever of them are known', async () => {
    const type = typeOfItsOwn();
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const ids = new Map<string, number>();
    for (const n of numbers) ids.set(await both.hook(type, { data: { n } }), n);
    const all = await both.hook(type);
    // Made one after the other, they would be in order by themselves.
    await both.scene.sql('UPDATE posthorn.webhook SET filter_id = gen_random_uuid() WHERE id = ANY ($1)', [
      [...ids.keys()],
    ]);
    const batch = async (at: DeliveryScene): Promise<void> => {
      const events = [...numbers, 77].map((n) => ({ event: type, data: { n } }));
      const path = '/api/events/batch';
      const { body } = await at.server.api<{ results: DispatchAnswer[] }>('POST', path, { events });
      expect(body.results.map(({ deliveries }) => deliveries)).toEqual([...numbers.map(() => 2), 1]);
    };
    await batch(both.scene);
    await batch(both.scene);
    await batch(both.replica);
    // The one that is known no more may be the first, the last, or in between.
    for (const id of [...ids.keys()].slice(0, 5)) {
      await both.patch(id, { filter: { data: { n: ids.get(id) }, event: type } });
      await batch(both.replica);
    }
    const rows = await both.scene.sql<{ webhook_id: string; data: string }>(
      `SELECT d.webhook_id, convert_from(e.data, 'UTF8') AS data FROM posthorn.delivery d
       JOIN posthorn.event e ON e.id = d.event_id WHERE e.type = $1 AND d.webhook_id <> $2`,
      [type, all],
    );
    expect(rows).toHaveLength(numbers.length * 8);
    for (const row of rows) expect(JSON.parse(row.data)).toEqual({ n: ids.get(row.webhook_id) });
  });

  it('is judged by the filter of this moment at every replica, however it was a moment ago', async () => {
    const type = typeOfItsOwn();
    const id = await both.hook(type);
    for (const at of [both.scene, both.replica])
      expect(await both.send(type, { n: 1 }, {}, at)).toMatchObject({ deliveries: 1 });
    for (let round = 0; round < 5; round += 1) {
      await both.patch(id, { filter: { data: { n: round } } });
      expect(await both.send(type, { n: round + 1 }, {}, both.replica)).toMatchObject({ deliveries: 0 });
      expect(await both.send(type, { n: round }, {}, both.replica)).toMatchObject({ deliveries: 1 });
      expect(await both.send(type, { n: round + 1 })).toMatchObject({ deliveries: 0 });
    }
    expect((await both.patch(id, { filter: null }, both.replica)).body).toMatchObject({ filter: null });
    for (const at of [both.scene, both.replica])
      expect(await both.send(type, { n: 77 }, {}, at)).toMatchObject({ deliveries: 1 });
  });

  it('is asked alone of all that its webhook had, and goes on being the same when it is given again', async () => {
    const type = typeOfItsOwn();
    const id = await both.hook(type, { data: { n: 1 } });
    const filterId = async (): Promise<string | undefined> => {
      const [row] = await both.scene.sql<{ filter_id: string }>(
        'SELECT filter_id FROM posthorn.webhook WHERE id = $1',
        [id],
      );
      return row?.filter_id;
    };
    const asked = async (): Promise<readonly string[]> => {
      await both.send(type, { n: 1 });
      return (await both.scene.server.get(KnownFilters).judge('default', [{ type, data: '{}' }])).asked;
    };
    const atFirst = await asked();
    for (const n of [2, 3]) {
      await both.patch(id, { filter: { data: { n } } });
      expect(await asked()).toHaveLength(atFirst.length);
    }
    const now = await filterId();
    expect(await asked()).toContain(now);
    await both.patch(id, { filter: { data: { n: 3 } } });
    expect(await filterId()).toBe(now);
  });

  it('is judged so in the caller’s transaction as well, even one that sees the past', async () => {
    const type = typeOfItsOwn();
    const id = await both.hook(type, { data: { n: 1 } });
    const dispatcher = both.scene.server.get(EventDispatcher);
    const database = await new DataSource({ type: 'postgres', url: both.scene.server.databaseUrl }).initialize();
    try {
      await database.transaction('REPEATABLE READ', async (manager) => {
        await manager.query('SELECT 1 FROM posthorn.webhook LIMIT 1');
        await both.patch(id, { filter: { data: { n: 2 } } });
        expect(await both.send(type, { n: 2 })).toMatchObject({ deliveries: 1 });
        expect(await dispatcher.dispatch(type, { n: 1 }, { manager })).toMatchObject({ deliveries: 1 });
        expect(await dispatcher.dispatch(type, { n: 2 }, { manager })).toMatchObject({ deliveries: 0 });
      });
    } finally {
      await database.destroy();
    }
  });

  it('shows it as it was given, and keeps it when something else changes', async () => {
    const filter = { data: { b: { $in: ['x', null, 1.5] }, a: { $not: { $exists: true } } } };
    const id = await both.hook(typeOfItsOwn(), filter);
    await both.patch(id, { description: 'x' });
    const { body } = await both.scene.server.api('GET', `/api/webhooks/${id}`);
    expect(JSON.stringify(body.filter)).toBe(JSON.stringify(filter));
  });

  it('is refused with the path of each mistake, and stays as it was', async () => {
    const id = await both.hook(typeOfItsOwn(), { tags: 'a' });
    const filter = { data: { total: { $gte: true } }, date: 1 };
    const answers = [
      await both.patch(id, { filter }),
      await both.scene.server.api('POST', '/api/webhooks', { url: both.receiver.url, events: ['*'], filter }),
    ];
    for (const { status, body } of answers)
      expect({ status, body }).toMatchObject({
        status: 400,
        body: {
          code: 'invalid_filter',
          details: [
            'filter.data.total.$gte must be a number or a string',
            expect.stringContaining('filter.date is unknown'),
          ],
        },
      });
    expect((await both.scene.server.api('GET', `/api/webhooks/${id}`)).body).toMatchObject({ filter: { tags: 'a' } });
  });

  it('of another tenant filters nothing here', async () => {
    await both.scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
    const type = typeOfItsOwn();
    await both.hook(type);
    const theirs = { url: both.receiver.url, events: [type], filter: { tags: 'none' } };
    await both.scene.server.api('POST', '/api/webhooks', theirs, { tenant: 'acme' });
    expect(await both.send(type, {})).toMatchObject({ deliveries: 1 });
  });
});

describe('tags', () => {
  it.each([['a,b'], [['a,b']], [[7]], [Array.from({ length: 11 }, (_, n) => `t${n}`)]])(
    'are none such as %j',
    async (tags) => {
      const { status, body } = await both.scene.server.api('POST', '/api/events', { event: 'a.b', data: {}, tags });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_tags' });
    },
  );

  it('belong to what an idempotency key stands for', async () => {
    const event = { event: typeOfItsOwn(), data: {}, idempotencyKey: randomUUID() };
    const post = (tags?: string[]) => both.scene.server.api('POST', '/api/events', { ...event, tags });
    expect((await post(['a'])).status).toBe(202);
    expect((await post(['a'])).status).toBe(202);
    expect((await post(['b'])).status).toBe(409);
  });
});
