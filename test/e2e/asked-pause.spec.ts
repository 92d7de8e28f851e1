// A receiver that asks for less is left alone as a whole, for as long as it asked: whatever it answers meanwhile.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';

/** What a receiver asks for, in seconds: no test comes near its end, however slow the machine is. */
const HOUR = '3600';
const ALMOST_AN_HOUR = 3_000;

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16, circuitAfter: 5, retrySchedule: [] });
});
afterAll(() => scene.close());

describe('a webhook whose receiver answers 429 with Retry-After', () => {
  it('waits as a whole, for as long as it was asked to', async () => {
    const receiver = await TestReceiver.start(
      (_, response) => void response.writeHead(429, { 'retry-after': HOUR }).end(),
    );
    const target = await scene.target(receiver.url, { retrySchedule: ['1s'] });
    const first = await target.send();
    await scene.becomes(first, 'retrying');
    expect(await scene.pausedFor(target.webhookId)).toBeGreaterThan(ALMOST_AN_HOUR);

    receiver.always(200);
    const second = await target.send();
    const witness = await TestReceiver.start();
    await scene.settled(await (await scene.target(witness.url)).send());
    expect(receiver.received).toHaveLength(1);
    await scene.endPause(target.webhookId);
    await scene.becomes(second, 'success');
    await Promise.all([receiver.close(), witness.close()]);
  });

  it('gives back what was claimed ahead when it is asked to wait', async () => {
    const receiver = await TestReceiver.start();
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const inFlight = await scene.claimedAhead(receiver, target);
    const answered = receiver.received.length - inFlight.length;
    const wait: Answer = (_, response) => void response.writeHead(429, { 'retry-after': HOUR }).end();
    receiver.always(wait);
    for (const response of inFlight) response.writeHead(429, { 'retry-after': HOUR }).end();
    expect(await scene.whatBecameOf(target.webhookId)).toEqual({
      'success 1': answered,
      'retrying 1': inFlight.length,
      'pending 0': 500 - answered - inFlight.length,
    });
    expect(receiver.received).toHaveLength(answered + inFlight.length);

    receiver.always(200);
    await scene.endPause(target.webhookId);
    await eventually(() => receiver.received.length === 500, 'the others are sent after the pause');
    await receiver.close();
  });

  it('waits although another request succeeds, in the same moment or begun before', async () => {
    const held: ((status: number) => void)[] = [];
    const receiver = await TestReceiver.start(
      (_, response) => void held.push((status) => response.writeHead(status, { 'retry-after': HOUR }).end()),
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
    expect(await scene.pausedFor(target.webhookId)).toBeGreaterThan(ALMOST_AN_HOUR);
    const owner = await TestReceiver.start();
    await scene.server.webhook(owner.url, ['posthorn.webhook.recovered']);
    await scene.sql('UPDATE posthorn.webhook_health SET warned_percent = 50 WHERE webhook_id = $1', [target.webhookId]);
    before?.(200);
    await eventually(async () => (await count('success')) === 2, 'the one begun before is settled');
    expect(await scene.pausedFor(target.webhookId)).toBeGreaterThan(ALMOST_AN_HOUR);
    expect(JSON.parse((await owner.next()).body.toString())).toMatchObject({ data: { webhookId: target.webhookId } });
    failed?.(500);
    await eventually(async () => (await count('retrying')) === 2, 'the one that failed is settled');
    expect(await scene.healthOf(target.webhookId)).toMatchObject({
      consecutive_failures: 1,
      times_opened: 0,
      warned_percent: 0,
    });

    receiver.always(200);
    await scene.endPause(target.webhookId);
    await scene.settled(await target.send());
    expect(await scene.healthOf(target.webhookId)).toBeUndefined();
    await Promise.all([receiver.close(), owner.close()]);
  });

  it('waits although its circuit was open as it was asked to: a success ends the pause for failures alone', async () => {
    const held: ((status: number) => void)[] = [];
    const receiver = await TestReceiver.start(
      (_, response) => void held.push((status) => response.writeHead(status, { 'retry-after': HOUR }).end()),
    );
    const target = await scene.target(receiver.url);
    const underWay = [await target.send(), await target.send()];
    await eventually(() => held.length === 2, 'two requests are in flight');
    receiver.always(500);
    for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
    await scene.holdPause(target.webhookId);
    held[0]?.(429);
    const failed = async (): Promise<number> =>
      (await scene.logged(target.type)).filter(({ status }) => status === 'failed').length;
    await eventually(async () => (await failed()) === 6, 'the one that asks is settled');
    held[1]?.(200);
    for (const id of underWay) await scene.settled(id);
    const pause = await scene.pausedFor(target.webhookId);
    expect(pause).toBeGreaterThan(ALMOST_AN_HOUR);
    expect(pause).toBeLessThanOrEqual(Number(HOUR));
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 0, times_opened: 0 });
    await receiver.close();
  });

  it.each<[string, (target: Target, failed: string) => Promise<unknown>]>([
    ['one of its deliveries is retried by hand', (_, failed) => scene.retry(failed)],
    [
      'a test event is sent',
      ({ webhookId }) => scene.server.api('POST', `/api/webhooks/${webhookId}/test`, { event: 'x', data: {} }),
    ],
    [
      'its URL becomes another one',
      async (target) => {
        const other = await scene.receiver(200);
        await scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, { url: other.url });
        await target.send();
      },
    ],
  ])('waits no longer once %s', async (_, end) => {
    const receiver = await scene.receiver(200);
    receiver.answers((_, response) => void response.writeHead(429, { 'retry-after': HOUR }).end());
    const target = await scene.target(receiver.url);
    const failed = await target.send();
    await scene.settled(failed);
    expect(await scene.pausedFor(target.webhookId)).toBeGreaterThan(0);
    await end(target, failed);
    await eventually(async () => !(await scene.healthOf(target.webhookId)), 'its first success ends all of it');
    await scene.closeReceivers();
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
    const pause = await scene.pausedFor(target.webhookId);
    expect(pause).toBeGreaterThan(seconds - 30);
    expect(pause).toBeLessThanOrEqual(seconds);
    await receiver.close();
  });
});
