// The events that Posthorn itself sends: who gets that of a delivery which failed for good, and who may not send any.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { WebhookHealth } from '../../src/delivery/operational/webhook-health.js';
import { EventDispatcher } from '../../src/outbound/index.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import { FAILING_OPTIONS, failingIn } from './failing.harness.js';

let scene: DeliveryScene;
const { listener, refuseOnce } = failingIn(() => scene);

beforeAll(async () => {
  scene = await DeliveryScene.open(FAILING_OPTIONS);
});
afterAll(() => scene?.close());

describe('posthorn.delivery.exhausted', () => {
  it('goes to a webhook that names it, signed like any event, and says which delivery failed', async () => {
    const { told, receiver } = await listener('posthorn.delivery.exhausted');
    const target = await scene.target((await scene.receiver(500)).url);
    const id = await target.send();
    const { eventId } = await scene.settled(id);
    const request = await receiver.next();
    expect(request.headers).toMatchObject({
      'x-webhook-event': 'posthorn.delivery.exhausted',
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
    expect(told()).toMatchObject([
      {
        event: 'posthorn.delivery.exhausted',
        data: { deliveryId: id, eventId, event: target.type, webhookId: target.webhookId, attempts: 1 },
      },
    ]);
  });

  it('goes to those who take posthorn.* or posthorn.delivery.*, and never to those who take *', async () => {
    const everything = await listener('*');
    const named = [await listener('posthorn.*'), await listener('posthorn.delivery.*')];
    const target = await scene.target((await scene.receiver(500)).url);
    await scene.settled(await target.send());
    for (const { receiver } of named) await receiver.next();
    await scene.dispatch('some.thing');
    await eventually(() => everything.told().some(({ event }) => event === 'some.thing'), 'the ordinary event arrives');
    // `*` got the ordinary events, that of the failing webhook included, and the reserved one was dispatched before the last.
    expect(
      everything
        .told()
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['some.thing', target.type].sort());
  });

  it('of an operational event that fails is not told: no loop', async () => {
    const dead = await scene.receiver(500);
    const { id: deaf } = await scene.server.webhook(dead.url, ['posthorn.delivery.exhausted']);
    const { told, receiver } = await listener('posthorn.delivery.exhausted');
    const target = await scene.target(dead.url);
    await scene.settled(await target.send());
    await receiver.next();
    await eventually(async () => {
      const log = await scene.logged('posthorn.delivery.exhausted');
      return log.some(({ status, webhookId }) => status === 'failed' && webhookId === deaf);
    }, 'the operational event itself fails');
    // A second ordinary failure: whatever a loop would have sent in between would stand before it.
    await scene.settled(await target.send());
    await receiver.next();
    expect(told().map(({ data }) => data.event)).toEqual([target.type, target.type]);
  });

  it('is told once the database is back, where it was away as the delivery failed', async () => {
    const { told, receiver } = await listener('posthorn.delivery.exhausted');
    await refuseOnce('posthorn.delivery.exhausted', '57P01');
    const target = await scene.target((await scene.receiver(500)).url);
    const ids = [await target.send()];
    await scene.settled(ids[0]!);
    await receiver.next();
    ids.push(await target.send());
    await receiver.next();
    expect(told().map(({ data }) => data.deliveryId)).toEqual(ids);
  });

  it('is stored for other tenants while that of one is long in being stored', async () => {
    const lock = new pg.Client(scene.server.databaseUrl);
    await lock.connect();
    await lock.query('SELECT pg_advisory_lock(1)');
    await scene.sql(`
      CREATE FUNCTION posthorn.wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
      CREATE TRIGGER wait_for_lock BEFORE INSERT ON posthorn.event FOR EACH ROW WHEN (NEW.tenant_id = 'slow')
        EXECUTE FUNCTION posthorn.wait_for_lock()`);
    const tenants = ['slow', 'quick', 'quicker'];
    for (const id of tenants) await scene.server.api('POST', '/api/tenants', { id, name: id });
    const toldOf = async (): Promise<string[]> => {
      const rows = await scene.sql<{ tenant_id: string }>(
        'SELECT tenant_id FROM posthorn.event WHERE tenant_id = ANY ($1) ORDER BY tenant_id',
        [tenants],
      );
      return rows.map((row) => row.tenant_id);
    };
    const failed = tenants.map((tenantId) => {
      const [deliveryId, eventId, webhookId] = [randomUUID(), randomUUID(), randomUUID()];
      return { tenantId, deliveryId, eventId, webhookId, event: 'a.b', attempts: 1 };
    });
    const telling = scene.server.get(WebhookHealth).tellExhausted(failed);
    try {
      await eventually(async () => (await toldOf()).join() === 'quick,quicker', 'the others are told');
    } finally {
      await lock.end();
    }
    await telling;
    expect(await toldOf()).toEqual(['quick', 'quicker', 'slow']);
  });

  it('is not caused by a final 4xx', async () => {
    const { told, receiver } = await listener('posthorn.delivery.exhausted');
    const refusing = await scene.target((await scene.receiver(404)).url);
    await scene.settled(await refusing.send());
    const failing = await scene.target((await scene.receiver(500)).url);
    await scene.settled(await failing.send());
    await receiver.next();
    expect(told().map(({ data }) => data.event)).toEqual([failing.type]);
  });
});

describe('a reserved type', () => {
  it('is dispatched by nobody else: not by the API, not in a batch, not from code', async () => {
    const types = ['posthorn.delivery.exhausted', 'posthorn.x', 'posthorn.webhook.failing'];
    for (const event of types) {
      const single = await scene.server.api('POST', '/api/events', { event, data: {} });
      expect(single).toMatchObject({ status: 400, body: { code: 'event_type_reserved' } });
      await expect(scene.server.get(EventDispatcher).dispatch(event, {})).rejects.toMatchObject({
        kind: 'invalid',
        code: 'event_type_reserved',
      });
    }
    const batch = await scene.server.api('POST', '/api/events/batch', {
      events: types.map((event) => ({ event, data: {} })),
    });
    expect(batch).toMatchObject({ status: 202, body: { results: types.map(() => ({ code: 'event_type_reserved' })) } });
  });

  it('is one only with its dot: posthorn and posthornish.x are ordinary', async () => {
    for (const event of ['posthorn', 'posthornish.x'])
      expect((await scene.server.api('POST', '/api/events', { event, data: {} })).status).toBe(202);
  });
});
