// A receiver that is down is left alone as a whole: nothing is lost, and nothing is sent meanwhile.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClaimQuery } from '../../src/delivery/claim/claim.js';
import { FIRST_ID, lowestIdAt } from '../../src/kernel/ids.js';
import { Notifications } from '../../src/platform/database/index.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

const DAY_MS = 86_400_000;

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16, circuitAfter: 5, retrySchedule: [] });
});
afterAll(() => scene.close());

describe('a webhook whose receiver fails again and again', () => {
  it('pauses, lets one delivery probe, pauses again when that fails, and recovers with the first success', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    expect(await scene.pausedFor(target.webhookId)).toBeLessThanOrEqual(6);
    await scene.holdPause(target.webhookId);
    await scene.holdPauses(target.webhookId);

    const waiting = await Promise.all(Array.from({ length: 4 }, () => target.send()));
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    expect(receiver.received).toHaveLength(5);

    await scene.endPause(target.webhookId);
    await eventually(
      async () => (await scene.healthOf(target.webhookId))?.times_opened === 2,
      'the failed probe opens it again',
    );
    expect(receiver.received).toHaveLength(6);

    receiver.always(200);
    await scene.endPause(target.webhookId);
    const ends = await Promise.all(waiting.map((id) => scene.settled(id)));
    expect(ends.map(({ status }) => status).sort()).toEqual(['failed', 'success', 'success', 'success']);
    expect(await scene.pausedFor(target.webhookId)).toBeUndefined();
    await Promise.all([receiver.close(), witness.close()]);
  });

  it('has every process told of it once it is well again: what waits is work for all of them', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    await scene.holdPause(target.webhookId);
    let told = 0;
    scene.server
      .get(Notifications)
      .listen('due', (webhookIds) => (told += webhookIds?.includes(target.webhookId) ? 1 : 0));
    const waiting = await target.send();
    await eventually(() => told === 1, 'it is told that something waits for it');

    receiver.always(200);
    await scene.endPause(target.webhookId);
    await scene.becomes(waiting, 'success');
    await eventually(() => told === 2, 'it is told that its circuit has closed');
    await receiver.close();
  });

  it('pauses twice as long each time that it opens, up to five minutes, for the thousandth like for the tenth, and others go on', async () => {
    const target = await scene.target(`http://127.0.0.1:${await freePort()}`);
    await scene.settled(await target.send());
    const pauses = [5, 10, 20, 40, 80, 160, 300].map((seconds, timesOpened) => ({ timesOpened, seconds }));
    for (const timesOpened of [9, 10, 2_000, 32_767]) pauses.push({ timesOpened, seconds: 300 });
    for (const { timesOpened, seconds } of pauses) {
      await scene.sql(
        `UPDATE posthorn.webhook_health SET times_opened = $2, consecutive_failures = 5, paused_until = NULL WHERE webhook_id = $1`,
        [target.webhookId, timesOpened],
      );
      const id = await target.send();
      expect(await scene.settled(id)).toMatchObject({ status: 'failed' });
      const [row] = await scene.sql<{ pause: number }>(
        `SELECT extract(epoch FROM h.paused_until - d.completed_at)::float8 AS pause
         FROM posthorn.delivery d JOIN posthorn.webhook_health h USING (webhook_id) WHERE d.id = $1`,
        [id],
      );
      // A fifth, and what is lost by whole microseconds.
      expect(Math.abs((row?.pause ?? 0) / seconds - 1)).toBeLessThan(0.2001);
    }
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    await witness.close();
  });

  it('gives back what was claimed ahead when its circuit opens', async () => {
    const receiver = await TestReceiver.start();
    const target = await scene.target(receiver.url);
    await scene.holdPauses(target.webhookId);
    const inFlight = await scene.claimedAhead(receiver, target);
    const answered = receiver.received.length - inFlight.length;
    for (let failed = 0; failed < 8; failed += 4) {
      await eventually(() => inFlight.length === 4, 'four requests are in flight');
      for (const response of inFlight.splice(0)) response.writeHead(500).end();
    }
    await eventually(async () => ((await scene.pausedFor(target.webhookId)) ?? 0) > 0, 'eight failures open it');
    // Those that were under way by then.
    receiver.always(500);
    for (const response of inFlight) response.writeHead(500).end();
    const became = await scene.whatBecameOf(target.webhookId);
    expect(became).toEqual({ 'success 1': answered, 'failed 1': 12, 'pending 0': 500 - answered - 12 });
    expect(receiver.received).toHaveLength(answered + 12);
    await receiver.close();
  });

  it.each([404, 302])('does not pause for answers of %i: someone is there', async (status) => {
    const receiver = await TestReceiver.start(status);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 8; n += 1) await scene.settled(await target.send());
    expect(receiver.received).toHaveLength(8);
    expect(await scene.pausedFor(target.webhookId)).toBeUndefined();
    await receiver.close();
  });

  it('pauses after failures of any kind, where the last one is no answer', async () => {
    const receiver = (await TestReceiver.start(500)).answers(404, 404, 404, 404);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 4; n += 1) await scene.settled(await target.send());
    expect(await scene.pausedFor(target.webhookId)).toBeUndefined();
    await scene.settled(await target.send());
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ times_opened: 1, consecutive_failures: 5 });
    expect(await scene.pausedFor(target.webhookId)).toBeLessThanOrEqual(6);
    await receiver.close();
  });

  it.each([
    [404, 'client_error'],
    [302, 'failed'],
  ])(
    'goes on as soon as someone is there, were it with %i, and pauses anew, for as long as at first, once nobody is',
    async (answer, status) => {
      const receiver = await TestReceiver.start(500);
      const target = await scene.target(receiver.url);
      for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
      await scene.holdPause(target.webhookId);
      const waiting: string[] = [];
      for (let n = 0; n < 4; n += 1) waiting.push(await target.send());
      receiver.always(answer);
      await scene.endPause(target.webhookId);
      for (const id of waiting) expect((await scene.settled(id)).status).toBe(status);
      expect(await scene.healthOf(target.webhookId)).toMatchObject({ times_opened: 0, consecutive_failures: 9 });

      receiver.always(500);
      await scene.settled(await target.send());
      expect(await scene.healthOf(target.webhookId)).toMatchObject({ times_opened: 1 });
      expect(await scene.pausedFor(target.webhookId)).toBeLessThanOrEqual(6);
      await receiver.close();
    },
  );

  it('pauses for the failures of replays as for all others', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    await scene.holdPauses(target.webhookId);
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send());
    const since = new Date(Date.now() - 3_600_000).toISOString();
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/replay`, { since });
    await eventually(async () => ((await scene.pausedFor(target.webhookId)) ?? 0) > 0, 'three replays open it');
    await receiver.close();
  });

  it('is tried at once when someone retries a delivery by hand', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    await scene.holdPauses(target.webhookId);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const id = await target.send();
      await scene.settled(id);
      ids.push(id);
    }
    expect(await scene.pausedFor(target.webhookId)).toBeGreaterThan(0);
    receiver.always(200);
    expect((await scene.server.api('POST', `/api/deliveries/${ids[0]}/retry`)).status).toBe(202);
    await scene.becomes(ids[0] as string, 'success');
    await receiver.close();
  });

  it.each([
    ['', {}],
    [', with limits of its own', { maxInFlight: 5 }],
  ])('is tried with what someone retries by hand before all that waits%s', async (_, limits) => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url, limits);
    await scene.holdPauses(target.webhookId);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    const waiting: string[] = [];
    for (let n = 0; n < 4; n += 1) waiting.push(await target.send());
    const asked = waiting[3] as string;
    expect((await scene.retry(asked)).status).toBe(202);
    expect(await scene.settled(asked)).toMatchObject({ status: 'failed', attemptCount: 1 });

    // What nobody waits for any more holds up nothing.
    receiver.always(200);
    await scene.endPause(target.webhookId);
    for (const id of waiting.slice(0, 3)) await scene.becomes(id, 'success');
    const sent = receiver.received.slice(5).map(({ headers }) => headers['x-webhook-delivery']);
    expect(sent).toEqual([asked, waiting[0], ...sent.slice(2)]);
    await receiver.close();
  });

  it.each([
    ['', {}],
    [', with limits of its own', { maxInFlight: 5 }],
  ])('sends nothing more between the failure of its probe and the moment that it is on disk%s', async (_, limits) => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url, limits);
    await scene.holdPauses(target.webhookId);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    const waiting: string[] = [];
    for (let n = 0; n < 3; n += 1) waiting.push(await target.send());
    const witness = await TestReceiver.start();
    // What has limits of its own is claimed, always, by a walk that comes to the other webhook too.
    const witnessed = await scene.target(witness.url, { maxInFlight: 5 });

    await scene.whileNothingSettles(async () => {
      await scene.endPause(target.webhookId);
      await eventually(() => receiver.received.length === 6, 'the probe arrives');
      for (let n = 1; n <= 3; n += 1) {
        await scene.dispatch(witnessed.type);
        await eventually(() => witness.received.length === n, 'what is due meanwhile is claimed');
      }
      expect(receiver.received).toHaveLength(6);
    });
    expect(await scene.settled(waiting[0] as string)).toMatchObject({ status: 'failed', attemptCount: 1 });
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ times_opened: 2 });
    expect(receiver.received).toHaveLength(6);
    await Promise.all([receiver.close(), witness.close()]);
  });

  it('is tried with what someone retries by hand however old it is, and with nothing before', async () => {
    const idle = await DeliveryScene.open({ role: 'api' });
    try {
      const target = await idle.target('https://example.com');
      const { webhookId, type } = target;
      const [event, old] = [lowestIdAt(Date.now() - 3 * DAY_MS), lowestIdAt(Date.now() - 3 * DAY_MS + 1)];
      await idle.sql(
        `INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data) VALUES ($1, 'default', $2, now(), '{}')`,
        [event, type],
      );
      await idle.sql(
        `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status) VALUES ($1, 'default', $2, $3, $4, 'failed')`,
        [old, event, type, webhookId],
      );
      await idle.sql(
        `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since, times_opened) VALUES ($1, 'default', 5, now(), 1)`,
        [webhookId],
      );
      await target.send();
      expect((await idle.retry(old)).status).toBe(202);
      const claimed = async (lowWater: string): Promise<string[]> => {
        const room = { total: 10, perWebhook: 10, perBusyWebhook: new Map<string, number>(), takesLarge: true };
        const claim = await idle.server.get(ClaimQuery).claim(room, { after: FIRST_ID, lowWater });
        return claim.claimed.map(({ id }) => id);
      };
      expect(await claimed(lowestIdAt(Date.now() - DAY_MS))).toEqual([]);
      expect(await claimed(FIRST_ID)).toEqual([old]);
    } finally {
      await idle.close();
    }
  });
});
