// Webhooks that only fail: who is told, when they are disabled, and what the reserved events are not.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { WebhookHealth } from '../../src/delivery/webhook-health.js';
import { EventDispatcher } from '../../src/outbound/index.js';
import { eventually } from '../setup/eventually.js';
import type { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery, Target } from './delivery.harness.js';

/** Disabled after a minute of nothing but failures, three at least. */
const RULE = '1m,3';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ retrySchedule: [], autoDisable: RULE });
});
afterAll(() => scene?.close());
afterEach(async () => {
  await scene.closeReceivers();
  // Each test has its own listeners to what happens to webhooks.
  await scene.sql('UPDATE posthorn.webhook SET deleted_at = now() WHERE deleted_at IS NULL');
});

interface Told {
  event: string;
  data: Record<string, unknown>;
}

/** A receiver of these operational events, and what it was told so far. */
async function listener(...events: string[]): Promise<{ told: () => Told[]; receiver: TestReceiver; id: string }> {
  const receiver = await scene.receiver(200);
  const { id } = await scene.server.webhook(receiver.url, events, { ordered: true });
  return { id, receiver, told: () => receiver.received.map(({ body }) => JSON.parse(body.toString()) as Told) };
}

/** Fails one attempt after another until the webhook has failed `times` times. */
async function fail(target: Target, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await scene.settled(await target.send());
}

const failingFor = (target: Target, interval: string): Promise<unknown> =>
  scene.sql('UPDATE posthorn.webhook_health SET failing_since = now() - $2::interval WHERE webhook_id = $1', [
    target.webhookId,
    interval,
  ]);

/** The next event of this type fails to be stored, once, with this SQLSTATE; the rest is as ever. */
async function refuseOnce(type: string, sqlState = 'P0001'): Promise<void> {
  const name = `refuse_${randomUUID().replaceAll('-', '')}`;
  // What was rolled back took nothing back of a sequence.
  await scene.sql(`
    CREATE SEQUENCE posthorn.${name};
    CREATE FUNCTION posthorn.${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF nextval('posthorn.${name}') = 1 THEN RAISE 'refused' USING ERRCODE = '${sqlState}'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER ${name} BEFORE INSERT ON posthorn.event FOR EACH ROW WHEN (NEW.type = '${type}')
      EXECUTE FUNCTION posthorn.${name}()`);
}

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

describe('test events that fail', () => {
  it('do not get their webhook disabled, however many and for however long', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const test = async (): Promise<void> => {
      const path = `/api/webhooks/${target.webhookId}/test`;
      const { body } = await scene.server.api<{ id: string }>('POST', path, { event: 'order.made', data: {} });
      await scene.settled(await scene.deliveryOf(body.id, target.webhookId));
    };
    for (let n = 0; n < 3; n += 1) await test();
    await failingFor(target, '10 minutes');
    await test();
    // What is sent behind it is settled, and acted upon, behind it.
    await fail(await scene.target((await scene.receiver(200)).url), 1);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
    await fail(target, 3);
    await failingFor(target, '10 minutes');
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(target.webhookId)).active, 'real failures disable it');
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

describe('a webhook that only fails', () => {
  it('is warned of at half and at three quarters, disabled at the whole, and told so', async () => {
    const { told, receiver } = await listener('posthorn.webhook.failing', 'posthorn.webhook.disabled');
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId } = target;
    await fail(target, 2);
    expect(told()).toEqual([]);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    await failingFor(target, '46 s');
    await fail(target, 2);
    await receiver.next();
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await failingFor(target, '61 s');
    await fail(target, 1);
    await receiver.next();
    expect(told()).toMatchObject([
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 50, failures: 3 } },
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 75, failures: 4 } },
      { event: 'posthorn.webhook.disabled', data: { webhookId, reason: 'failing' } },
    ]);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('is warned of as it is disabled, where nothing failed between half and the whole', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId } = target;
    await fail(target, 2);
    await failingFor(target, '61 s');
    await fail(target, 1);
    for (let n = 0; n < 2; n += 1) await receiver.next();
    expect(told()).toMatchObject([
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 75, failures: 3 } },
      { event: 'posthorn.webhook.disabled', data: { webhookId, reason: 'failing' } },
    ]);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it.each([1, 2])('is disabled at its count, %i, by a rule that asks for no time', async (attempts) => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const target = await scene.target((await scene.receiver(500)).url, { autoDisable: { after: '0s', attempts } });
    await fail(target, attempts);
    const expected = attempts === 1 ? [75, undefined] : [50, 75, undefined];
    for (let n = 0; n < expected.length; n += 1) await receiver.next();
    expect(told().map(({ data }) => data.percent)).toEqual(expected);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('stays enabled where nobody can be told', async () => {
    const { told, receiver } = await listener('posthorn.webhook.disabled');
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '61 s');
    await refuseOnce('posthorn.webhook.disabled');
    await fail(target, 1);
    // What is sent behind it is settled, and acted upon, behind it.
    await fail(await scene.target((await scene.receiver(200)).url), 1);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
    await fail(target, 1);
    await receiver.next();
    expect(told()).toMatchObject([{ data: { webhookId: target.webhookId, reason: 'failing' } }]);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('is warned of by its next failure, where that could not be told', async () => {
    const { told, receiver } = await listener('posthorn.webhook.failing');
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '31 s');
    await refuseOnce('posthorn.webhook.failing');
    await fail(target, 2);
    await receiver.next();
    expect(told()).toMatchObject([{ data: { webhookId: target.webhookId, percent: 50, failures: 4 } }]);
  });

  it('stays enabled while only one of time and count is reached', async () => {
    const often = await scene.target((await scene.receiver(500)).url);
    await fail(often, 8);
    const long = await scene.target((await scene.receiver(500)).url);
    await fail(long, 1);
    await failingFor(long, '30 d');
    await fail(long, 1);
    expect(await scene.healthOf(often.webhookId)).toMatchObject({ consecutive_failures: 8 });
    expect(await scene.healthOf(long.webhookId)).toMatchObject({ consecutive_failures: 2 });
    expect(await scene.webhook(often.webhookId)).toMatchObject({ active: true });
    expect(await scene.webhook(long.webhookId)).toMatchObject({ active: true });
    await fail(long, 1);
    await eventually(async () => !(await scene.webhook(long.webhookId)).active, 'the third failure disables it');
  });

  it('has what waits for it skipped when it is disabled, and can be tried again once enabled', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const waiting: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      waiting.push(await target.send());
      await scene.becomes(waiting[n]!, 'retrying');
    }
    await failingFor(target, '2 m');
    waiting.push(await target.send());
    for (const id of waiting)
      expect(await scene.becomes(id, 'skipped')).toMatchObject({ reason: 'webhook_disabled', attemptCount: 1 });
    receiver.always(200);
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect((await scene.retry(waiting[0]!)).status).toBe(202);
    expect(await scene.settled(waiting[0]!)).toMatchObject({ status: 'success', attemptCount: 2 });
  });

  it('counts anew after a success, and its owner is told if there was a warning', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const failing = await scene.receiver(500);
    const target = await scene.target(failing.url);
    await fail(target, 1);
    failing.answers(200);
    await fail(target, 1);
    expect(await scene.healthOf(target.webhookId)).toBeUndefined();
    await fail(target, 2);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    failing.always(200);
    await fail(target, 1);
    await receiver.next();
    expect(told().map(({ event, data }) => [event, data.webhookId])).toEqual([
      ['posthorn.webhook.failing', target.webhookId],
      ['posthorn.webhook.recovered', target.webhookId],
    ]);
    expect(await scene.healthOf(target.webhookId)).toBeUndefined();
  });

  it('counts anew after it was enabled by hand', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '2 m');
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(target.webhookId)).active, 'it is disabled');
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 0 });
    await fail(target, 2);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
  });

  it('has recovered with its first success once it is enabled, and is warned of anew', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const failing = await scene.receiver(500);
    const target = await scene.target(failing.url);
    const disabledAndEnabled = async (): Promise<void> => {
      await fail(target, 2);
      await failingFor(target, '61 s');
      await fail(target, 1);
      for (let n = 0; n < 2; n += 1) await receiver.next();
      await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    };
    await disabledAndEnabled();
    // A test event that fails counts nothing, and ends nothing.
    const path = `/api/webhooks/${target.webhookId}/test`;
    const { body } = await scene.server.api<{ id: string }>('POST', path, { event: 'order.made', data: {} });
    await scene.settled(await scene.deliveryOf(body.id, target.webhookId));
    failing.answers(200);
    await fail(target, 1);
    await receiver.next();
    await disabledAndEnabled();
    await fail(target, 2);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    const disabled = [
      ['posthorn.webhook.failing', 75],
      ['posthorn.webhook.disabled', undefined],
    ];
    expect(told().map(({ event, data }) => [event, data.percent])).toEqual([
      ...disabled,
      ['posthorn.webhook.recovered', undefined],
      ...disabled,
      ['posthorn.webhook.failing', 50],
    ]);
  });

  it('that was gone has recovered with its first success once it is enabled, and with none before', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const held: (() => void)[] = [];
    const answering = await scene.receiver((_, response) => void held.push(() => response.writeHead(200).end()));
    const target = await scene.target(answering.url);
    const underWay = await target.send();
    await answering.next();
    answering.always(410);
    await fail(target, 1);
    await receiver.next();
    held.forEach((release) => release());
    await scene.settled(underWay);
    await eventually(
      async () => (await scene.healthOf(target.webhookId))?.consecutive_failures === 0,
      'its success is acted upon',
    );
    expect(told().map(({ event }) => event)).toEqual(['posthorn.webhook.disabled']);
    answering.always(200);
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    await fail(target, 1);
    await receiver.next();
    expect(told().map(({ event }) => event)).toEqual(['posthorn.webhook.disabled', 'posthorn.webhook.recovered']);
  });

  it('counts anew once its URL is another one, and after no other change', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const patch = (change: object) => scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, change);
    await fail(target, 2);
    const { url } = (await scene.server.api('GET', `/api/webhooks/${target.webhookId}`)).body;
    for (const change of [{ description: 'x' }, { url }, { active: true }])
      expect((await patch(change)).status).toBe(200);
    await fail(target, 1);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 3 });
    await patch({ url: (await scene.receiver(500)).url });
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 0 });
    await fail(target, 2);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 2 });
  });

  it('is not disabled by replays that fail: neither their number counts nor their time', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId, type } = target;
    const replay = async (): Promise<void> => {
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const before = (await scene.logged(type)).length;
      const { body } = await scene.server.api<{ count: number }>('POST', `/api/webhooks/${webhookId}/replay`, {
        since,
      });
      expect(body.count).toBeGreaterThan(0);
      await eventually(async () => {
        const log = await scene.logged(type);
        return log.length === before + body.count && log.every(({ status }) => status === 'failed');
      }, 'all replayed deliveries have failed');
    };
    await fail(target, 2);
    await failingFor(target, '2 m');
    await replay();
    await replay();
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(webhookId)).active, 'the third ordinary failure disables it');

    await scene.server.api('POST', `/api/webhooks/${webhookId}/enable`);
    await replay();
    await failingFor(target, '2 m');
    await fail(target, 3);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await failingFor(target, '2 m');
    await fail(target, 1);
    await eventually(
      async () => !(await scene.webhook(webhookId)).active,
      'time counts from the first ordinary failure',
    );
  });

  it('is judged by a rule of its own, else by its tenant’s, else by the installation’s', async () => {
    await scene.server.api('PATCH', '/api/tenants/default', { autoDisable: { after: '1h', attempts: 1 } });
    try {
      const strict = await scene.target((await scene.receiver(500)).url, {
        autoDisable: { after: '10s', attempts: 1 },
      });
      const lenient = await scene.target((await scene.receiver(500)).url, { autoDisable: false });
      const patient = await scene.target((await scene.receiver(500)).url);
      for (const target of [strict, lenient, patient]) {
        await fail(target, 3);
        await failingFor(target, '11 s');
        await fail(target, 1);
      }
      await eventually(async () => !(await scene.webhook(strict.webhookId)).active, 'its own rule disables it');
      await failingFor(lenient, '30 d');
      await fail(lenient, 1);
      await failingFor(patient, '59 m');
      await fail(patient, 1);
      for (const { webhookId } of [lenient, patient])
        expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
      await failingFor(patient, '61 m');
      await fail(patient, 1);
      await eventually(
        async () => !(await scene.webhook(patient.webhookId)).active,
        'the rule of the tenant disables it',
      );
    } finally {
      await scene.server.api('PATCH', '/api/tenants/default', { autoDisable: null });
    }
  });

  it('never, under AUTO_DISABLE=off', async () => {
    const other = await DeliveryScene.open({ retrySchedule: [], autoDisable: 'off' });
    try {
      const target = await other.target((await scene.receiver(500)).url);
      const ids = [await target.send()];
      await other.settled(ids[0]!);
      await other.sql(
        `UPDATE posthorn.webhook_health SET failing_since = now() - interval '30 d', consecutive_failures = 500`,
      );
      const last: Delivery = await other.settled(await target.send());
      expect(last.status).toBe('failed');
      const [row] = await other.sql('SELECT consecutive_failures FROM posthorn.webhook_health');
      expect(row).toEqual({ consecutive_failures: 501 });
      expect(await other.webhook(target.webhookId)).toMatchObject({ active: true });
    } finally {
      await other.close();
    }
  });
});
