// Dispatching from application code: sent if and only if the caller's transaction commits, and no refusal ever aborts it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { EventDispatcher } from '../../src/outbound/index.js';
import type { DispatchOptions } from '../../src/outbound/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

const UNKNOWN_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

let scene: DeliveryScene;
let dispatcher: EventDispatcher;
let receiver: TestReceiver;
/** The application's own data source: the same database, nothing else in common. */
let shop: DataSource;

beforeAll(async () => {
  scene = await DeliveryScene.open();
  dispatcher = scene.server.get(EventDispatcher);
  receiver = await TestReceiver.start();
  await scene.server.webhook(receiver.url, ['shop.*']);
  shop = await new DataSource({ type: 'postgres', url: scene.server.databaseUrl, poolSize: 5 }).initialize();
  await shop.query('CREATE TABLE shop_order (id text PRIMARY KEY)');
});
afterAll(async () => {
  await shop?.destroy();
  await receiver?.close();
  await scene?.close();
});

const type = (): string => `shop.t${randomUUID().slice(0, 8)}`;
const requestsOf = (event: string) => receiver.received.filter(({ headers }) => headers['x-webhook-event'] === event);
const storedOf = async (event: string): Promise<number> => {
  const [row] = await scene.sql<{ count: number }>(
    `SELECT (SELECT count(*) FROM posthorn.event WHERE type = $1)::int +
            (SELECT count(*) FROM posthorn.delivery WHERE event_type = $1)::int AS count`,
    [event],
  );
  return row?.count ?? Number.NaN;
};
const arrives = (event: string): Promise<unknown> =>
  eventually(() => requestsOf(event).length === 1, `${event} arrives once`);

/** Whatever was dispatched before this and was going to be sent has been sent when it resolves. */
async function everythingBeforeIsSent(): Promise<void> {
  const last = type();
  await dispatcher.dispatch(last, {});
  await arrives(last);
}

const insertOrder = (manager: EntityManager, id: string): Promise<unknown> =>
  manager.query('INSERT INTO shop_order VALUES ($1)', [id]);
const hasOrder = async (id: string): Promise<boolean> =>
  (await shop.query<unknown[]>('SELECT FROM shop_order WHERE id = $1', [id])).length === 1;

describe('in the caller’s transaction', () => {
  it('nothing is sent before it commits, and what it dispatched is sent once it does', async () => {
    const event = type();
    const result = await shop.transaction(async (manager) => {
      await insertOrder(manager, event);
      const answer = await dispatcher.dispatch(event, { orderId: '1' }, { manager });
      await everythingBeforeIsSent();
      expect({ sent: requestsOf(event).length, stored: await storedOf(event) }).toEqual({ sent: 0, stored: 0 });
      return answer;
    });
    expect(result).toEqual({ id: expect.any(String), event, deliveries: 1 });
    await arrives(event);
    expect(JSON.parse(requestsOf(event)[0]!.body.toString())).toMatchObject({ id: result.id, data: { orderId: '1' } });
    expect(await hasOrder(event)).toBe(true);
  });

  it('nothing is stored and nothing is sent when it rolls back', async () => {
    const event = type();
    const rollback = new Error('no stock');
    const work = shop.transaction(async (manager) => {
      await insertOrder(manager, event);
      expect(await dispatcher.dispatch(event, {}, { manager })).toMatchObject({ deliveries: 1 });
      expect(await dispatcher.dispatch(event, {}, { manager, idempotencyKey: event })).toMatchObject({ deliveries: 1 });
      throw rollback;
    });
    await expect(work).rejects.toBe(rollback);
    await everythingBeforeIsSent();
    expect({ sent: requestsOf(event).length, stored: await storedOf(event) }).toEqual({ sent: 0, stored: 0 });
    // The key went with it: the same one may carry other content now.
    expect(await dispatcher.dispatch(event, { n: 2 }, { idempotencyKey: event })).toMatchObject({ deliveries: 1 });
  });

  it('a key leaves its settings as they were: what waits for locks afterwards waits as long as the caller said', async () => {
    const event = type();
    const shown = await shop.transaction(async (manager) => {
      await manager.query(`SET LOCAL lock_timeout = '77s'`);
      await dispatcher.dispatch(event, {}, { manager, idempotencyKey: event });
      return manager.query<{ lock_timeout: string }[]>('SHOW lock_timeout');
    });
    expect(shown).toEqual([{ lock_timeout: '77s' }]);
  });

  it('a nested one that rolls back takes only its own events with it', async () => {
    const [outer, inner, after] = [type(), type(), type()];
    await shop.transaction(async (manager) => {
      await dispatcher.dispatch(outer, {}, { manager });
      await manager
        .transaction(async (nested) => {
          await dispatcher.dispatch(inner, {}, { manager: nested, idempotencyKey: inner });
          throw new Error('only this');
        })
        .catch(() => undefined);
      await dispatcher.dispatch(after, {}, { manager });
    });
    await arrives(outer);
    await arrives(after);
    await everythingBeforeIsSent();
    expect({ sent: requestsOf(inner).length, stored: await storedOf(inner) }).toEqual({ sent: 0, stored: 0 });
  });

  it('many events of many transactions: exactly those of the committed ones are sent', async () => {
    const events = Array.from({ length: 40 }, (_, n) => ({ event: type(), commits: n % 2 === 0 }));
    await Promise.all(
      events.map(({ event, commits }) =>
        shop
          .transaction(async (manager) => {
            await dispatcher.dispatch(event, {}, { manager });
            if (!commits) throw new Error('rolled back');
          })
          .catch(() => undefined),
      ),
    );
    for (const { event, commits } of events) if (commits) await arrives(event);
    await everythingBeforeIsSent();
    for (const { event, commits } of events) expect(requestsOf(event)).toHaveLength(commits ? 1 : 0);
  });

  it('a manager outside of one is refused: there would be nothing to commit with', async () => {
    await expect(dispatcher.dispatch(type(), {}, { manager: shop.manager })).rejects.toThrow(/transaction/);
  });
});

describe('a refusal', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const nestedBy = (levels: number): object => {
    let nested: object = {};
    for (let level = 1; level < levels; level += 1) nested = { nested };
    return nested;
  };
  const throwing = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('mine');
    },
  });
  const refusals: [string, unknown, unknown, DispatchOptions, string][] = [
    ['a type that is none', 'no spaces', {}, {}, 'invalid_event_type'],
    ['a type with NUL', 'a\0b', {}, {}, 'invalid_event_type'],
    ['a type of 129 characters', 'x'.repeat(129), {}, {}, 'invalid_event_type'],
    ['a type that is no text', 7, {}, {}, 'invalid_event_type'],
    ['a reserved type', 'posthorn.webhook.failing', {}, {}, 'event_type_reserved'],
    ['data that is a list', 'shop.x', [1], {}, 'invalid_event_data'],
    ['data that is null', 'shop.x', null, {}, 'invalid_event_data'],
    ['data that is text', 'shop.x', 'text', {}, 'invalid_event_data'],
    ['data that is a date', 'shop.x', new Date(), {}, 'invalid_event_data'],
    ['circular data', 'shop.x', circular, {}, 'invalid_event_data'],
    ['data nested beyond the stack', 'shop.x', nestedBy(50_000), {}, 'invalid_event_data'],
    ['data nested deeper than 256 levels', 'shop.x', nestedBy(257), {}, 'invalid_event_data'],
    ['data with a BigInt', 'shop.x', { n: 1n }, {}, 'invalid_event_data'],
    ['data that throws', 'shop.x', throwing, {}, 'invalid_event_data'],
    ['data of 256 KiB and a byte', 'shop.x', { x: 'y'.repeat(262_144 - 7) }, {}, 'event_too_large'],
    ['a key with NUL', 'shop.x', {}, { idempotencyKey: 'a\0b' }, 'invalid_idempotency_key'],
    ['an empty key', 'shop.x', {}, { idempotencyKey: '' }, 'invalid_idempotency_key'],
    ['a key of 256 characters', 'shop.x', {}, { idempotencyKey: 'k'.repeat(256) }, 'invalid_idempotency_key'],
    ['a webhook id that is none', 'shop.x', {}, { webhookIds: ["'; drop table"] }, 'invalid_webhook_ids'],
    ['no webhook ids at all', 'shop.x', {}, { webhookIds: [] }, 'invalid_webhook_ids'],
    ['an unknown webhook id', 'shop.x', {}, { webhookIds: [UNKNOWN_ID] }, 'webhook_not_found'],
    [
      'an unknown webhook id with a key',
      'shop.x',
      {},
      { webhookIds: [UNKNOWN_ID], idempotencyKey: 'u' },
      'webhook_not_found',
    ],
    ['a tenant that is none', 'shop.x', {}, { tenant: "Ä'; --" }, 'tenant_not_found'],
  ];

  it('is not given to data of 256 levels', async () => {
    expect(await dispatcher.dispatch(type(), nestedBy(256))).toHaveProperty('id');
  });

  it.each(refusals)('of %s leaves the transaction as it was', async (_, event, data, how, code) => {
    const order = randomUUID();
    const before = await storedOf('shop.x');
    await shop.transaction(async (manager) => {
      const refused = dispatcher.dispatch(event as string, data as object, { ...how, manager });
      await expect(refused).rejects.toMatchObject({ code });
      await insertOrder(manager, order);
    });
    expect(await hasOrder(order)).toBe(true);
    expect(await storedOf('shop.x')).toBe(before);
  });

  it('of a key used for another request leaves the transaction as it was', async () => {
    const event = type();
    const first = await dispatcher.dispatch(event, { n: 1 }, { idempotencyKey: event });
    await shop.transaction(async (manager) => {
      for (const [type, data, webhookIds] of [
        [event, { n: 2 }, undefined],
        [`${event}.other`, { n: 1 }, undefined],
        [event, { n: 1 }, [UNKNOWN_ID]],
      ] as const)
        await expect(
          dispatcher.dispatch(type, data, { manager, idempotencyKey: event, webhookIds }),
        ).rejects.toMatchObject({ code: expect.stringMatching(/^(idempotency_mismatch|webhook_not_found)$/) });
      expect(await dispatcher.dispatch(event, { n: 1 }, { manager, idempotencyKey: event })).toEqual(first);
      await insertOrder(manager, event);
    });
    expect(await hasOrder(event)).toBe(true);
    expect(await storedOf(event)).toBe(2);
  });

  it('of a key that another transaction holds comes after 5 s, and leaves this one as it was', async () => {
    const event = type();
    const [lockTimeout] = await shop.transaction(async (holder) => {
      await dispatcher.dispatch(event, {}, { manager: holder, idempotencyKey: event });
      const started = performance.now();
      return shop.transaction(async (manager) => {
        await manager.query(`SET LOCAL lock_timeout = '77s'`);
        const waiting = dispatcher.dispatch(event, {}, { manager, idempotencyKey: event });
        await expect(waiting).rejects.toMatchObject({ kind: 'conflict', code: 'idempotency_in_progress' });
        expect(performance.now() - started).toBeGreaterThan(4_900);
        await insertOrder(manager, event);
        return manager.query<{ lock_timeout: string }[]>('SHOW lock_timeout');
      });
    });
    expect(lockTimeout).toEqual({ lock_timeout: '77s' });
    expect(await hasOrder(event)).toBe(true);
    await arrives(event);
  });

  it('is not needed where the other transaction ends in time: its answer, or our own if it rolled back', async () => {
    for (const commits of [true, false]) {
      const event = type();
      let second: Promise<{ id: string }> | undefined;
      const first = await shop
        .transaction(async (holder) => {
          const answer = await dispatcher.dispatch(event, {}, { manager: holder, idempotencyKey: event });
          second = dispatcher.dispatch(event, {}, { idempotencyKey: event });
          await eventually(
            async () =>
              (
                await scene.sql(
                  `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%idempotency_key%'`,
                )
              ).length > 0,
            'the second dispatch waits for the first',
          );
          if (!commits) throw new Error('rolled back');
          return answer;
        })
        .catch(() => undefined);
      const answer = await second;
      if (commits) expect(answer).toEqual(first);
      else expect(answer).toMatchObject({ deliveries: 1 });
      await arrives(event);
      expect(await storedOf(event)).toBe(2);
    }
  });
});
