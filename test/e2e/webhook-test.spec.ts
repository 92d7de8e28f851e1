// Sending one test event to one webhook.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

interface Answered {
  readonly id: string;
  readonly event: string;
  readonly deliveries: number;
  readonly code?: string;
}

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const test = (webhookId: string, body?: object, tenant?: string) =>
  scene.server.api<Answered>('POST', `/api/webhooks/${webhookId}/test`, body, { tenant });

describe('a test event', () => {
  it('arrives at that webhook alone, whatever it subscribes to, signed like any other', async () => {
    const [receiver, all] = [await scene.receiver(200), await scene.receiver(200)];
    const { id, secret } = await scene.server.webhook(receiver.url, ['order.*']);
    await scene.server.webhook(all.url, ['*', 'posthorn.test', 'posthorn.*']);
    const { status, body } = await test(id);
    expect({ status, body }).toEqual({
      status: 202,
      body: { id: expect.any(String), event: 'posthorn.test', deliveries: 1 },
    });
    const request = await receiver.next();
    expect(request.headers).toMatchObject({ 'webhook-id': body.id, 'x-webhook-event': 'posthorn.test' });
    const headers = request.headers as Record<string, string>;
    expect(new StandardWebhook(secret).verify(request.body.toString(), headers)).toMatchObject({
      id: body.id,
      event: 'posthorn.test',
      data: { message: expect.any(String) },
    });
    const deliveryId = await scene.deliveryOf(body.id, id);
    expect(request.headers['x-webhook-delivery']).toBe(deliveryId);
    expect(await scene.settled(deliveryId)).toMatchObject({ status: 'success', webhookId: id, attemptCount: 1 });

    await scene.dispatch('order.made');
    await eventually(() => all.received.length > 0, 'an ordinary event arrives');
    expect(all.received.map(({ headers }) => headers['x-webhook-event'])).toEqual(['order.made']);
    const { body: event } = await scene.server.api<{ deliveries: Delivery[] }>('GET', `/api/events/${body.id}`);
    expect(event.deliveries).toHaveLength(1);
  });

  it('has the type and the data that are given, to the byte', async () => {
    const receiver = await scene.receiver(200);
    const { id } = await scene.server.webhook(receiver.url, ['something.else']);
    const data = { b: 1, a: ['é', { z: null }], 2: 'x', constructor: 'kept' };
    const { body } = await test(id, { event: 'invoice.paid', data });
    expect(body).toMatchObject({ event: 'invoice.paid', deliveries: 1 });
    const request = await receiver.next();
    expect(request.headers['x-webhook-event']).toBe('invoice.paid');
    expect(request.body.toString()).toContain(`"data":${JSON.stringify(data)}}`);
  });

  it('takes data for the default type, and its name spelled out', async () => {
    const receiver = await scene.receiver(200);
    const { id } = await scene.server.webhook(receiver.url, ['x']);
    expect((await test(id, { event: 'posthorn.test', data: { n: 7 } })).status).toBe(202);
    expect(JSON.parse((await receiver.next()).body.toString())).toMatchObject({
      event: 'posthorn.test',
      data: { n: 7 },
    });
  });

  it('that fails is retried and logged, and tells nobody that deliveries are exhausted', async () => {
    const [receiver, operator] = [await scene.receiver(500), await scene.receiver(200)];
    const { id } = await scene.server.webhook(receiver.url, ['x']);
    await scene.server.webhook(operator.url, ['posthorn.delivery.exhausted']);
    const { body } = await test(id);
    expect(await scene.settled(await scene.deliveryOf(body.id, id))).toMatchObject({
      status: 'failed',
      attemptCount: 3,
    });
    const real = await test(id, { event: 'order.made', data: {} });
    const exhausted = JSON.parse((await operator.next()).body.toString()) as { data: { eventId: string } };
    expect(exhausted.data.eventId).toBe(real.body.id);
  });

  it('that succeeds ends the run of failures of its webhook', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url);
    await scene.settled(await target.send());
    const health = () => scene.sql('SELECT FROM posthorn.webhook_health WHERE webhook_id = $1', [target.webhookId]);
    expect(await health()).toHaveLength(1);
    receiver.always(200);
    await test(target.webhookId);
    await eventually(async () => (await health()).length === 0, 'the failures are forgotten');
  });

  /** As after failures in a row. */
  const pause = (webhookId: string): Promise<unknown> =>
    scene.sql(
      `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since, paused_until, times_opened)
       VALUES ($1, 'default', 50, now(), now() + interval '1 hour', 1)`,
      [webhookId],
    );

  it.each([
    ['', {}],
    [', with limits of its own', { maxInFlight: 5 }],
  ])('does not wait out a pause of its webhook, nor for what waits%s', async (_, limits) => {
    const receiver = await scene.receiver(200);
    const { id } = await scene.server.webhook(receiver.url, ['x'], limits);
    await pause(id);
    for (let n = 0; n < 3; n += 1)
      await scene.server.api('POST', '/api/events', { event: 'x', data: {}, webhookIds: [id] });
    await test(id);
    const events = [await receiver.next(), await receiver.next(), await receiver.next(), await receiver.next()];
    expect(events.map(({ headers }) => headers['x-webhook-event'])).toEqual(['posthorn.test', 'x', 'x', 'x']);
  });

  it('is refused, and nothing stored, for a webhook that is disabled, deleted, foreign or unknown', async () => {
    const receiver = await scene.receiver(200);
    const { id } = await scene.server.webhook(receiver.url, ['x']);
    const events = async (): Promise<unknown> => (await scene.sql('SELECT count(*) FROM posthorn.event'))[0];
    const before = await events();
    await scene.server.api('POST', '/api/tenants', { id: 'test-foreign', name: 'Foreign' });
    expect((await test(id, {}, 'test-foreign')).status).toBe(404);
    expect((await test('01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d')).status).toBe(404);
    expect((await test('nonsense')).status).toBe(404);
    await scene.server.api('POST', `/api/webhooks/${id}/disable`);
    expect(await test(id)).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    await scene.server.api('DELETE', `/api/webhooks/${id}`);
    expect((await test(id)).status).toBe(404);
    expect(await events()).toEqual(before);
    expect(receiver.received).toHaveLength(0);
  });

  const refusals: [string, object, string, number][] = [
    ['a reserved type', { event: 'posthorn.webhook.failing' }, 'event_type_reserved', 400],
    ['a type that is no type', { event: 'order..made' }, 'invalid_event_type', 400],
    ['a pattern', { event: 'order.*' }, 'invalid_event_type', 400],
    ['null for a type', { event: null }, 'invalid_event_type', 400],
    ['data that is no object', { data: [1] }, 'invalid_event_data', 400],
    ['null for data', { data: null }, 'invalid_event_data', 400],
    ['data that is too large', { data: { text: 'x'.repeat(300_000) } }, 'event_too_large', 413],
    ['an unknown field', { webhookIds: [] }, 'validation_failed', 400],
  ];
  it.each(refusals)('is refused with %s', async (_, body, code, status) => {
    const { id } = await scene.server.webhook('http://127.0.0.1:9/', ['x']);
    expect(await test(id, body)).toMatchObject({ status, body: { code } });
  });
});
