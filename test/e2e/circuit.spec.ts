// A receiver that is down, or asks for less, is left alone as a whole: nothing is lost, and nothing is sent meanwhile.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16, circuitAfter: 5, retrySchedule: [] });
});
afterAll(() => scene.close());

const pausedFor = async (webhookId: string): Promise<number | undefined> => {
  const [row] = await scene.sql<{ seconds: number | null }>(
    `SELECT extract(epoch FROM paused_until - now())::float8 AS seconds FROM posthorn.webhook_health WHERE webhook_id = $1`,
    [webhookId],
  );
  return row?.seconds ?? undefined;
};

const healthOf = async (webhookId: string): Promise<object | undefined> =>
  (await scene.sql('SELECT * FROM posthorn.webhook_health WHERE webhook_id = $1', [webhookId]))[0];

/** Makes the pause that runs outlast the test, however slow the machine is: nothing probes until {@link endPause}. */
const holdPause = (webhookId: string): Promise<unknown> =>
  scene.sql(`UPDATE posthorn.webhook_health SET paused_until = now() + interval '1 day' WHERE webhook_id = $1`, [
    webhookId,
  ]);

/** Ends the pause that runs, as time would. */
const endPause = (webhookId: string): Promise<unknown> =>
  scene.sql(`UPDATE posthorn.webhook_health SET paused_until = now() WHERE webhook_id = $1`, [webhookId]);

describe('a webhook whose receiver fails again and again', () => {
  it('pauses, lets one delivery probe, pauses longer while that fails, and recovers with the first success', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    expect(await pausedFor(target.webhookId)).toBeLessThanOrEqual(6);
    await holdPause(target.webhookId);

    const waiting = await Promise.all(Array.from({ length: 4 }, () => target.send()));
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    expect(receiver.received).toHaveLength(5);

    await endPause(target.webhookId);
    await eventually(
      async () => ((await pausedFor(target.webhookId)) ?? 0) > 6,
      'the failed probe makes the pause longer',
    );
    expect(receiver.received).toHaveLength(6);

    receiver.always(200);
    await endPause(target.webhookId);
    const ends = await Promise.all(waiting.map((id) => scene.settled(id)));
    expect(ends.map(({ status }) => status).sort()).toEqual(['failed', 'success', 'success', 'success']);
    expect(await pausedFor(target.webhookId)).toBeUndefined();
    await Promise.all([receiver.close(), witness.close()]);
  });

  it('opens for the thousandth time like for the tenth, and others go on', async () => {
    const target = await scene.target(`http://127.0.0.1:${await freePort()}`);
    await scene.settled(await target.send());
    for (const timesOpened of [9, 10, 2_000, 32_767]) {
      await scene.sql(
        `UPDATE posthorn.webhook_health SET times_opened = $2, consecutive_failures = 5, paused_until = NULL WHERE webhook_id = $1`,
        [target.webhookId, timesOpened],
      );
      expect(await scene.settled(await target.send())).toMatchObject({ status: 'failed' });
      const pause = await pausedFor(target.webhookId);
      expect(pause).toBeGreaterThan(200);
      expect(pause).toBeLessThanOrEqual(360);
    }
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    await witness.close();
  });

  it('gives back what was claimed ahead when its circuit opens', async () => {
    const receiver = await TestReceiver.start();
    const target = await scene.target(receiver.url);
    const inFlight = await scene.claimedAhead(receiver, target);
    const answered = receiver.received.length - inFlight.length;
    for (let failed = 0; failed < 8; failed += 4) {
      await eventually(() => inFlight.length === 4, 'four requests are in flight');
      for (const response of inFlight.splice(0)) response.writeHead(500).end();
    }
    await eventually(async () => ((await pausedFor(target.webhookId)) ?? 0) > 0, 'eight failures open it');
    await holdPause(target.webhookId);
    // Those that were under way by then.
    receiver.always(500);
    for (const response of inFlight) response.writeHead(500).end();
    const became = await scene.whatBecameOf(target.webhookId);
    expect(became).toEqual({ 'success 1': answered, 'failed 1': 12, 'pending 0': 500 - answered - 12 });
    expect(receiver.received).toHaveLength(answered + 12);
    await receiver.close();
  });

  it('does not pause for answers of 4xx: someone is there', async () => {
    const receiver = await TestReceiver.start(404);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 8; n += 1) await scene.settled(await target.send());
    expect(receiver.received).toHaveLength(8);
    expect(await pausedFor(target.webhookId)).toBeUndefined();
    await receiver.close();
  });

  it('pauses for the failures of replays as for all others', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send());
    const since = new Date(Date.now() - 3_600_000).toISOString();
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/replay`, { since });
    await eventually(async () => ((await pausedFor(target.webhookId)) ?? 0) > 0, 'three replays open it');
    await receiver.close();
  });

  it('is tried at once when someone retries a delivery by hand', async () => {
    const receiver = await TestReceiver.start(500);
    const target = await scene.target(receiver.url);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const id = await target.send();
      await scene.settled(id);
      ids.push(id);
    }
    expect(await pausedFor(target.webhookId)).toBeGreaterThan(0);
    receiver.always(200);
    expect((await scene.server.api('POST', `/api/deliveries/${ids[0]}/retry`)).status).toBe(202);
    await scene.becomes(ids[0] as string, 'success');
    await receiver.close();
  });
});

describe('a webhook whose receiver answers 429 with Retry-After', () => {
  it('waits as a whole, for as long as it was asked to', async () => {
    const receiver = await TestReceiver.start(
      (_, response) => void response.writeHead(429, { 'retry-after': '60' }).end(),
    );
    const target = await scene.target(receiver.url, { retrySchedule: ['1s'] });
    const first = await target.send();
    await scene.becomes(first, 'retrying');
    expect(await pausedFor(target.webhookId)).toBeGreaterThan(55);

    receiver.always(200);
    const second = await target.send();
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    expect(receiver.received).toHaveLength(1);
    await endPause(target.webhookId);
    await scene.becomes(second, 'success');
    await Promise.all([receiver.close(), witness.close()]);
  });

  it('gives back what was claimed ahead when it is asked to wait', async () => {
    const receiver = await TestReceiver.start();
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const inFlight = await scene.claimedAhead(receiver, target);
    const answered = receiver.received.length - inFlight.length;
    const wait: Answer = (_, response) => void response.writeHead(429, { 'retry-after': '60' }).end();
    receiver.always(wait);
    for (const response of inFlight) response.writeHead(429, { 'retry-after': '60' }).end();
    expect(await scene.whatBecameOf(target.webhookId)).toEqual({
      'success 1': answered,
      'retrying 1': inFlight.length,
      'pending 0': 500 - answered - inFlight.length,
    });
    expect(receiver.received).toHaveLength(answered + inFlight.length);

    receiver.always(200);
    await endPause(target.webhookId);
    await eventually(() => receiver.received.length === 500, 'the others are sent after the pause');
    await receiver.close();
  });

  it('waits although another request succeeds, in the same moment or begun before', async () => {
    const held: ((status: number) => void)[] = [];
    const receiver = await TestReceiver.start(
      (_, response) => void held.push((status) => response.writeHead(status, { 'retry-after': '60' }).end()),
    );
    const target = await scene.target(receiver.url, { retrySchedule: ['1s'] });
    await Promise.all(Array.from({ length: 4 }, () => target.send()));
    await eventually(() => held.length === 4, 'four requests are in flight');
    const [asked, together, before, failed] = held;
    const count = async (status: string): Promise<number> =>
      (await scene.logged(target.type)).filter((delivery) => delivery.status === status).length;
    asked?.(429);
    together?.(200);
    await eventually(async () => (await count('retrying')) + (await count('success')) === 2, 'both are settled');
    expect(await pausedFor(target.webhookId)).toBeGreaterThan(50);
    const owner = await TestReceiver.start();
    await scene.server.webhook(owner.url, ['posthorn.webhook.recovered']);
    await scene.sql('UPDATE posthorn.webhook_health SET warned_percent = 50 WHERE webhook_id = $1', [target.webhookId]);
    before?.(200);
    await eventually(async () => (await count('success')) === 2, 'the one begun before is settled');
    expect(await pausedFor(target.webhookId)).toBeGreaterThan(40);
    expect(JSON.parse((await owner.next()).body.toString())).toMatchObject({ data: { webhookId: target.webhookId } });
    failed?.(500);
    await eventually(async () => (await count('retrying')) === 2, 'the one that failed is settled');
    expect(await healthOf(target.webhookId)).toMatchObject({
      consecutive_failures: 1,
      times_opened: 0,
      warned_percent: 0,
    });

    receiver.always(200);
    await endPause(target.webhookId);
    await scene.settled(await target.send());
    expect(await healthOf(target.webhookId)).toBeUndefined();
    await Promise.all([receiver.close(), owner.close()]);
  });
});

describe('a webhook whose receiver answers 429', () => {
  it.each<[string, string[], number[], string, number]>([
    ['for minutes at most, however long that delivery waits', ['2h'], [429], 'retrying', 300],
    ['as before a first retry, whichever it is', ['1s', '2h'], [500, 429], 'retrying', 1],
    ['also where that was the last attempt', [], [429], 'failed', 5],
  ])('and names no time, pauses %s', async (_, retrySchedule, answers, end, seconds) => {
    const receiver = await TestReceiver.start(200);
    receiver.answers(...answers);
    const target = await scene.target(receiver.url, { retrySchedule });
    const id = await target.send();
    await eventually(async () => {
      const { status, attempts } = await scene.delivery(id);
      return status === end && attempts.length === answers.length;
    }, 'it is answered 429');
    const pause = await pausedFor(target.webhookId);
    expect(pause).toBeGreaterThan(seconds - 30);
    expect(pause).toBeLessThanOrEqual(seconds);
    await receiver.close();
  });
});

describe('a webhook with a limit of requests in flight', () => {
  it('never has more, and loses nothing by it', async () => {
    const held: (() => void)[] = [];
    const receiver = await TestReceiver.start((_, response) => void held.push(() => response.writeHead(200).end()));
    const target = await scene.target(receiver.url, { maxInFlight: 2 });
    expect((await scene.server.api('GET', `/api/webhooks/${target.webhookId}`)).body).toMatchObject({ maxInFlight: 2 });
    const events = Array.from({ length: 20 }, (_, n) => ({ event: target.type, data: { n } }));
    await scene.server.api('POST', '/api/events/batch', { events });

    const witness = await TestReceiver.start();
    const other = await scene.target(witness.url);
    for (let answered = 0; answered < 20; answered += 2) {
      await eventually(() => held.length === 2, 'two requests are in flight');
      // Somebody else's delivery, dispatched now, goes all the way: whatever could have been sent meanwhile was.
      await scene.settled(await other.send());
      expect(receiver.received).toHaveLength(answered + 2);
      for (const answer of held.splice(0)) answer();
    }
    await witness.close();
    await receiver.close();
  });

  it.each([0, -1, 1.5, 1_001, '5'])('cannot have %j for a limit', async (maxInFlight) => {
    const { status } = await scene.server.api('POST', '/api/webhooks', {
      url: 'https://example.com',
      events: ['a'],
      maxInFlight,
    });
    expect(status).toBe(400);
  });
});
