// Events that are to be delivered later: they wait as `pending`, come when their time has come, and obey whoever
// changes his mind meanwhile.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { EventDispatcher } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery, Target } from './delivery.harness.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let scene: DeliveryScene;
let receiver: TestReceiver;

beforeAll(async () => {
  scene = await DeliveryScene.open({ retention: '20d' });
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await receiver?.close();
  await scene?.close();
});

const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();

const post = (event: object, path = '/api/events') =>
  scene.server.api<{ id: string; deliveries: number; code?: string }>('POST', path, event);

/** Dispatches to a target with options, and gives back the id of the delivery. */
async function send(target: Target, options: object): Promise<string> {
  const { status, body } = await post({ event: target.type, data: { n: 1 }, ...options });
  expect({ status, body }).toMatchObject({ status: 202, body: { deliveries: 1 } });
  return scene.deliveryOf(body.id, target.webhookId);
}

async function listed(target: Target, status: string): Promise<readonly string[]> {
  const path = `/api/deliveries?webhookId=${target.webhookId}&status=${status}`;
  return (await scene.server.api<{ data: Delivery[] }>('GET', path)).body.data.map(({ id }) => id);
}

const makeDue = (id: string): Promise<unknown> =>
  scene.sql(`UPDATE posthorn.delivery SET due_at = now() WHERE id = $1 AND status = 'retrying'`, [id]);

/** Sends something else to the target, and waits until it has arrived: what was due before it would have gone too. */
async function somethingElse(target: Target): Promise<void> {
  await scene.settled(await target.send());
}

const queue = (): Queue => scene.server.app.get(getQueueToken('posthorn-retries'), { strict: false });

describe('an event with deliverAt', () => {
  it('waits as pending until its time has come, and is sent then', async () => {
    const target = await scene.target(receiver.url);
    const deliverAt = ahead(HOUR_MS);
    const id = await send(target, { deliverAt });
    await somethingElse(target);
    expect(await scene.delivery(id)).toMatchObject({
      status: 'pending',
      attemptCount: 0,
      nextAttemptAt: deliverAt,
      completedAt: null,
      attempts: [],
    });
    expect(await listed(target, 'pending')).toEqual([id]);
    expect(await listed(target, 'retrying')).toEqual([]);
    await makeDue(id);
    await eventually(async () => (await scene.delivery(id)).status === 'success', 'the sweep finds it');
    expect(await scene.delivery(id)).toMatchObject({ attemptCount: 1, attempts: [{ number: 1, outcome: 'success' }] });
  });

  it('is shown as a retry from its first failure on', async () => {
    const failing = await TestReceiver.start(500);
    try {
      const target = await scene.target(failing.url, { retrySchedule: ['1h'] });
      const id = await send(target, { deliverAt: ahead(HOUR_MS) });
      await makeDue(id);
      await eventually(async () => (await scene.delivery(id)).status === 'retrying', 'it is retried');
      expect(await listed(target, 'retrying')).toEqual([id]);
      expect(await listed(target, 'pending')).toEqual([]);
    } finally {
      await failing.close();
    }
  });

  it('has an alarm of its own when it is not far off, and none before', async () => {
    const target = await scene.target(receiver.url);
    const [near, far] = [
      await send(target, { deliverAt: ahead(5 * 60_000) }),
      await send(target, { deliverAt: ahead(HOUR_MS) }),
    ];
    await eventually(() => queue().getJob(`${near}-0`), 'the near one has its alarm');
    expect(await queue().getJob(`${far}-0`)).toBeUndefined();
  });

  it('is not sent before its time', async () => {
    const target = await scene.target(receiver.url);
    const deliverAt = ahead(500);
    const id = await send(target, { deliverAt });
    const { status, attempts } = await scene.settled(id);
    expect(status).toBe('success');
    expect(attempts.map(({ startedAt }) => startedAt >= deliverAt)).toEqual([true]);
  });

  it('is sent now where its time is past', async () => {
    const target = await scene.target(receiver.url);
    for (const deliverAt of ['2001-01-01T00:00:00Z', '0000-01-01T00:00:00+12:00'])
      expect(await scene.settled(await send(target, { deliverAt }))).toMatchObject({ status: 'success' });
  });

  it('is sent now when someone retries it by hand', async () => {
    const target = await scene.target(receiver.url);
    const id = await send(target, { deliverAt: ahead(DAY_MS) });
    // Which status it answers depends on how soon a worker takes it.
    expect((await scene.retry(id)).status).toBe(202);
    expect(await scene.settled(id)).toMatchObject({ status: 'success', attemptCount: 1 });
  });

  it('is skipped when its webhook is disabled meanwhile, and at once where it was before', async () => {
    const target = await scene.target(receiver.url);
    const id = await send(target, { deliverAt: ahead(HOUR_MS) });
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/disable`);
    expect(await scene.settled(id)).toMatchObject({ status: 'skipped', reason: 'webhook_disabled', attempts: [] });
    const { body } = await post({ event: target.type, data: {}, deliverAt: ahead(HOUR_MS) });
    expect(body.deliveries).toBe(0);
    expect(await scene.delivery(await scene.deliveryOf(body.id, target.webhookId))).toMatchObject({
      status: 'skipped',
      nextAttemptAt: null,
    });
  });

  it('expires when its data is erased meanwhile', async () => {
    const target = await scene.target(receiver.url);
    const id = await send(target, { deliverAt: ahead(HOUR_MS) });
    await scene.server.api('DELETE', `/api/events/${(await scene.delivery(id)).eventId}/data`);
    expect(await scene.delivery(id)).toMatchObject({ status: 'expired', reason: 'payload_erased' });
  });

  it.each([
    ['a date without a time', () => '2026-11-23'],
    ['an instant without its zone', () => '2026-11-23T10:00:00'],
    ['a day that does not exist', () => '2026-02-30T10:00:00Z'],
    ['words', () => 'tomorrow'],
    ['a number', () => 1_795_000_000_000],
    ['as far ahead as the retention', () => ahead(20 * DAY_MS + 1_000)],
    ['the far end of time', () => '9999-12-31T23:59:59Z'],
  ])('is refused where it is %s', async (_, deliverAt) => {
    expect(await post({ event: 'order.completed', data: {}, deliverAt: deliverAt() })).toMatchObject({
      status: 400,
      body: { code: 'invalid_deliver_at' },
    });
  });

  it('is refused a month ahead, however long the retention is', async () => {
    const patient = await DeliveryScene.open({ retention: '60d', role: 'api' });
    try {
      const answer = (deliverAt: string) =>
        patient.server.api<{ code?: string }>('POST', '/api/events', { event: 'order.completed', data: {}, deliverAt });
      expect(await answer(ahead(29 * DAY_MS))).toMatchObject({ status: 202 });
      expect(await answer(ahead(31 * DAY_MS))).toMatchObject({ status: 400, body: { code: 'invalid_deliver_at' } });
    } finally {
      await patient.close();
    }
  });

  it('may be one of a batch, whose others come at once', async () => {
    const target = await scene.target(receiver.url);
    const event = { event: target.type, data: {} };
    const events = [{ ...event, deliverAt: ahead(HOUR_MS) }, event, { ...event, deliverAt: 'soon' }];
    const { body } = await scene.server.api<{ results: { id: string; code?: string }[] }>('POST', '/api/events/batch', {
      events,
    });
    const [later, now, refused] = body.results;
    expect(refused?.code).toBe('invalid_deliver_at');
    expect(await scene.settled(await scene.deliveryOf(now?.id ?? '', target.webhookId))).toMatchObject({
      status: 'success',
    });
    expect(await scene.delivery(await scene.deliveryOf(later?.id ?? '', target.webhookId))).toMatchObject({
      status: 'pending',
      attemptCount: 0,
    });
  });

  it('is part of what an idempotency key stands for, also once its time is past', async () => {
    const target = await scene.target(receiver.url);
    const event = { event: target.type, data: {}, idempotencyKey: randomUUID() };
    const first = await post({ ...event, deliverAt: '2026-01-01T00:00:00Z' });
    expect((await post({ ...event, deliverAt: '2026-01-01T00:00:00Z' })).body).toEqual(first.body);
    expect((await post({ ...event, deliverAt: '2026-01-01T00:00:01Z' })).body.code).toBe('idempotency_mismatch');
    expect((await post(event)).body.code).toBe('idempotency_mismatch');
  });

  it('is dispatched from code by a Date, also in a transaction of one’s own', async () => {
    const target = await scene.target(receiver.url);
    const dispatcher = scene.server.get(EventDispatcher);
    const db = await new DataSource({ type: 'postgres', url: scene.server.databaseUrl }).initialize();
    try {
      const deliverAt = new Date(Date.now() + HOUR_MS);
      const { id } = await db.transaction((manager) =>
        dispatcher.dispatch(target.type, { n: 1 }, { manager, deliverAt }),
      );
      const delivery = await scene.deliveryOf(id, target.webhookId);
      expect(await scene.delivery(delivery)).toMatchObject({
        status: 'pending',
        nextAttemptAt: deliverAt.toISOString(),
      });
      // A refusal comes before anything reaches PostgreSQL.
      await db.transaction(async (manager) => {
        for (const wrong of [new Date(Number.NaN), new Date(8.64e15)])
          await expect(dispatcher.dispatch(target.type, {}, { manager, deliverAt: wrong })).rejects.toMatchObject({
            kind: 'invalid',
            code: 'invalid_deliver_at',
          });
        await dispatcher.dispatch(target.type, {}, { manager, deliverAt: new Date(-8.64e15) });
      });
    } finally {
      await db.destroy();
    }
  });
});

it('a test event comes at once, and is refused a deliverAt', async () => {
  const target = await scene.target(receiver.url);
  const { status, body } = await post({ deliverAt: ahead(HOUR_MS) }, `/api/webhooks/${target.webhookId}/test`);
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation_failed' });
});
