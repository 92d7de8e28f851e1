// Deliveries that are worth sending for a while only: what has not succeeded by then expires, wherever it waits.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { EventDispatcher } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene, msBetween } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';

const HOUR_MS = 3_600_000;

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const post = (event: object) =>
  scene.server.api<{ id: string; code?: string }>('POST', '/api/events', { data: { n: 1 }, ...event });

async function send(target: Target, options: object): Promise<string> {
  const { status, body } = await post({ event: target.type, ...options });
  expect({ status, body }).toMatchObject({ status: 202 });
  return scene.deliveryOf(body.id, target.webhookId);
}

/** The webhook is left alone for an hour: what is sent to it waits as pending. */
const pause = (target: Target): Promise<unknown> =>
  scene.sql(
    `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since, paused_until)
     VALUES ($1, 'default', 1, now(), now() + interval '1 hour')`,
    [target.webhookId],
  );

const resume = (target: Target): Promise<unknown> =>
  scene.sql('DELETE FROM posthorn.webhook_health WHERE webhook_id = $1', [target.webhookId]);

/** As if so much time had passed for this delivery that it is worth nothing any more. */
const letExpire = (id: string): Promise<unknown> =>
  scene.sql(`UPDATE posthorn.delivery SET expires_at = now() - interval '1 s' WHERE id = $1`, [id]);

/** So soon that a test can wait for it, and mostly late enough to have begun before. */
const SOON = '3s';

/** Sends to a target whose deliveries expire {@link SOON}, until one has come so far in time: a busy machine may need several. */
const inTime = (target: Target, hasBegun: (id: string) => Promise<boolean>): Promise<string> =>
  eventually(async () => {
    const id = await target.send();
    return (await hasBegun(id)) && id;
  }, 'a delivery is begun before its time is over');

/** Waits until the time of a delivery is over, and a moment more: this process counts it from the claim, by its own clock. */
const isOver = (where: DeliveryScene, id: string): Promise<unknown> =>
  eventually(async () => {
    const text = `SELECT FROM posthorn.delivery WHERE id = $1 AND expires_at < now() - interval '500 ms'`;
    return (await where.sql(text, [id])).length === 1;
  }, 'its time is over');

const minutes = (from: string, to: string | null): number => Math.round(msBetween(from, to) / 60_000);

/** How long after it was made, or after another instant, a delivery expires, in whole minutes. */
async function expiryOf(id: string, from?: string): Promise<number> {
  const { createdAt, expiresAt } = await scene.delivery(id);
  return minutes(from ?? createdAt, expiresAt);
}

describe('a delivery that expires', () => {
  it('does so after the event’s time, else after the webhook’s, else never', async () => {
    const { url } = await scene.receiver(200);
    const [plain, hourly] = [await scene.target(url), await scene.target(url, { expiresAfter: '1h' })];
    expect((await scene.delivery(await send(plain, {}))).expiresAt).toBeNull();
    expect(await expiryOf(await send(plain, { expiresAfter: '10m' }))).toBe(10);
    expect(await expiryOf(await send(hourly, {}))).toBe(60);
    expect(await expiryOf(await send(hourly, { expiresAfter: '10m' }))).toBe(10);
    const { body } = await scene.server.api<{ id: string }>('POST', `/api/webhooks/${hourly.webhookId}/test`);
    expect(await expiryOf(await scene.deliveryOf(body.id, hourly.webhookId))).toBe(60);
  });

  it('has its time counted from deliverAt, where it has one', async () => {
    const target = await scene.target((await scene.receiver(200)).url);
    const deliverAt = new Date(Date.now() + HOUR_MS);
    const { id } = await scene.server
      .get(EventDispatcher)
      .dispatch(target.type, {}, { deliverAt, expiresAfter: '10m' });
    const delivery = await scene.deliveryOf(id, target.webhookId);
    expect(await expiryOf(delivery, deliverAt.toISOString())).toBe(10);
  });

  it('is not sent any more when its turn comes too late', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    await pause(target);
    const id = await send(target, { expiresAfter: '10m' });
    await letExpire(id);
    // Nobody judges it while its webhook is left alone.
    expect(await scene.delivery(id)).toMatchObject({ status: 'pending' });
    await resume(target);
    expect(await scene.settled(id)).toMatchObject({
      status: 'expired',
      reason: 'too_late',
      attemptCount: 0,
      nextAttemptAt: null,
      completedAt: expect.any(String),
      attempts: [],
    });
    expect(receiver.received).toEqual([]);
  });

  it('ends at once where its next attempt would come too late, with the last outcome in its log', async () => {
    const target = await scene.target((await scene.receiver(503)).url, { retrySchedule: ['1h'] });
    expect(await scene.settled(await send(target, { expiresAfter: '10m' }))).toMatchObject({
      status: 'expired',
      reason: 'too_late',
      attemptCount: 1,
      lastHttpStatus: 503,
      nextAttemptAt: null,
      attempts: [{ number: 1, outcome: 'server_error', httpStatus: 503 }],
    });
  });

  it('is retried as usual until then', async () => {
    const target = await scene.target((await scene.receiver(200)).answers(500, 500).url);
    expect(await scene.settled(await send(target, { expiresAfter: '10m' }))).toMatchObject({
      status: 'success',
      attemptCount: 3,
    });
  });

  it('ends instead of being sent again when its retry comes too late after all', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const id = await send(target, { expiresAfter: '2h' });
    await scene.becomes(id, 'retrying');
    await scene.sql('UPDATE posthorn.delivery SET due_at = now() WHERE id = $1', [id]);
    await letExpire(id);
    await eventually(async () => (await scene.delivery(id)).status === 'expired', 'the sweep finds it');
    expect(await scene.delivery(id)).toMatchObject({ reason: 'too_late', attemptCount: 1 });
    expect(receiver.received).toHaveLength(1);
  });

  it('is not sent where its time is over while it is claimed and waits for a slot', async () => {
    const crowded = await DeliveryScene.open({ deliveryConcurrency: 1 });
    try {
      const held: ServerResponse[] = [];
      const slow = await crowded.receiver((_, response) => void held.push(response));
      await (await crowded.target(slow.url)).send();
      await eventually(() => held.length === 1, 'the one slot is taken');
      const receiver = await crowded.receiver(200);
      const target = await crowded.target(receiver.url, { expiresAfter: SOON });
      const id = await inTime(
        target,
        async (sent) => (await crowded.becomes(sent, 'sending', 'expired')).status === 'sending',
      );
      await isOver(crowded, id);
      held[0]?.writeHead(200).end();
      expect(await crowded.settled(id)).toMatchObject({
        status: 'expired',
        reason: 'too_late',
        attemptCount: 0,
        attempts: [],
      });
      expect(receiver.received).toEqual([]);
    } finally {
      await crowded.close();
    }
  });

  it.each([
    [200, { status: 'success', reason: null }],
    [500, { status: 'expired', reason: 'too_late' }],
  ])('is not cut off where its request is under way by then, and ends as the answer says: %i', async (answer, end) => {
    const held: ServerResponse[] = [];
    const receiver = await scene.receiver((_, response) => void held.push(response));
    const target = await scene.target(receiver.url, { expiresAfter: SOON });
    const id = await inTime(target, (sent) =>
      eventually(async () => {
        if (held.length === 1) return 'begun';
        return (await scene.delivery(sent)).status === 'expired' && 'expired';
      }, 'it is under way, or its time is over').then((came) => came === 'begun'),
    );
    await isOver(scene, id);
    held[0]?.writeHead(answer).end();
    expect(await scene.settled(id)).toMatchObject({ ...end, attemptCount: 1, lastHttpStatus: answer });
    expect(receiver.received).toHaveLength(1);
  });

  it('has its time anew when someone retries it by hand', async () => {
    const receiver = (await scene.receiver(200)).answers(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const id = await send(target, { expiresAfter: '10m' });
    const { expiresAt } = await scene.becomes(id, 'expired');
    expect((await scene.retry(id)).status).toBe(202);
    const delivery = await scene.settled(id);
    expect(delivery).toMatchObject({ status: 'success', attemptCount: 2 });
    expect(msBetween(expiresAt, delivery.expiresAt)).toBeGreaterThan(0);
  });

  it('is replayed like any other that did not arrive, with its time anew', async () => {
    const receiver = (await scene.receiver(200)).answers(500, 500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'], expiresAfter: '20m' });
    const own = await send(target, { expiresAfter: '10m' });
    const webhooks = await send(target, {});
    await scene.becomes(own, 'expired');
    await scene.becomes(webhooks, 'expired');
    const { body } = await scene.server.api('POST', `/api/webhooks/${target.webhookId}/replay`, {
      since: new Date(Date.now() - HOUR_MS).toISOString(),
      status: 'expired',
    });
    expect(body).toMatchObject({ count: 2 });
    const replays = await eventually(async () => {
      const all = await scene.logged(target.type);
      return all.filter(({ status }) => status === 'success').length === 2 && all.slice(0, 2);
    }, 'both are replayed');
    expect(replays.map(({ createdAt, expiresAt }) => minutes(createdAt, expiresAt)).sort()).toEqual([10, 20]);
  });
});

describe('expiresAfter', () => {
  it.each(['soon', '99ms', '15d', '', 600_000, {}])('%p is refused on an event', async (expiresAfter) => {
    expect(await post({ event: 'order.completed', expiresAfter })).toMatchObject({
      status: 400,
      body: { code: 'invalid_expires_after' },
    });
  });

  it('is part of what an idempotency key stands for', async () => {
    const event = { event: 'order.completed', idempotencyKey: randomUUID() };
    const first = await post({ ...event, expiresAfter: '10m' });
    expect((await post({ ...event, expiresAfter: '10m' })).body).toEqual(first.body);
    expect((await post({ ...event, expiresAfter: '11m' })).body.code).toBe('idempotency_mismatch');
  });

  it('of a webhook is shown, changed and taken away', async () => {
    const { url } = await scene.receiver(200);
    const { webhookId } = await scene.target(url, { expiresAfter: '90m' });
    const path = `/api/webhooks/${webhookId}`;
    expect((await scene.server.api('GET', path)).body).toMatchObject({ expiresAfter: '90m' });
    expect((await scene.server.api('PATCH', path, { expiresAfter: '15d' })).status).toBe(400);
    expect((await scene.server.api('PATCH', path, { expiresAfter: null })).body).toMatchObject({ expiresAfter: null });
  });
});
