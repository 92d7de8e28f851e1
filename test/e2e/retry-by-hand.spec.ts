// Deliveries that somebody has tried again, from any state in which they may be.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import type { Answer } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16 });
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

describe('retrying by hand', () => {
  const states: [string, Answer, string | null][] = [
    ['success', 200, null],
    ['client_error', 404, null],
    ['failed', 500, 'attempts_exhausted'],
  ];
  it.each(states)('sends a delivery that is %s again', async (status, answer, reason) => {
    const receiver = await scene.receiver(answer);
    const target = await scene.target(receiver.url);
    const id = await target.send();
    const before = await scene.settled(id);
    expect(before).toMatchObject({ status, reason });
    const firstBody = receiver.received[0]?.body;
    receiver.always(200);
    expect(await scene.retry(id)).toMatchObject({ status: 202, body: { id, reason: null, completedAt: null } });
    const after = await eventually(async () => {
      const delivery = await scene.delivery(id);
      return delivery.attemptCount > before.attemptCount && delivery.status === 'success' && delivery;
    }, 'the delivery is sent again');
    expect(after).toMatchObject({ id, reason: null, attemptCount: before.attemptCount + 1 });
    expect(after && after.attempts.map(({ number }) => number)).toEqual(
      Array.from({ length: before.attemptCount + 1 }, (_, n) => n + 1),
    );
    const again = receiver.received.at(-1);
    expect(again?.body).toEqual(firstBody);
    expect(again?.headers).toMatchObject({
      'x-webhook-delivery': id,
      'x-webhook-attempt': String(before.attemptCount + 1),
    });
  });

  it('sends one that was skipped, or has expired, once its webhook is enabled', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, { active: false });
    const skipped = await target.send();
    expect(await scene.retry(skipped)).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    expect(await scene.delivery(skipped)).toMatchObject({ status: 'skipped' });
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect((await scene.retry(skipped)).status).toBe(202);
    expect(await scene.settled(skipped)).toMatchObject({ status: 'success', attemptCount: 1 });

    await scene.sql(`UPDATE posthorn.delivery SET status = 'expired', reason = 'too_old' WHERE id = $1`, [skipped]);
    expect((await scene.retry(skipped)).status).toBe(202);
    expect(await scene.settled(skipped)).toMatchObject({ status: 'success', reason: null, attemptCount: 2 });
  });

  it('starts the schedule from its beginning', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url);
    const id = await target.send();
    expect(await scene.settled(id)).toMatchObject({ status: 'failed', attemptCount: 3 });
    await scene.retry(id);
    const again = await eventually(async () => {
      const delivery = await scene.delivery(id);
      return delivery.status === 'failed' && delivery.attemptCount > 3 && delivery;
    }, 'the delivery fails again');
    expect(again).toMatchObject({ attemptCount: 6, reason: 'attempts_exhausted' });
  });

  it('makes one that waits due now', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers(503);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const id = await target.send();
    await scene.becomes(id, 'retrying');
    expect((await scene.retry(id)).status).toBe(202);
    expect(await scene.settled(id)).toMatchObject({ status: 'success', attemptCount: 2 });
  });

  it('is refused while it is being sent', async () => {
    let answer: (() => void) | undefined;
    const receiver = await scene.receiver((_, response) => {
      answer = () => void response.writeHead(200).end();
    });
    const target = await scene.target(receiver.url);
    const id = await target.send();
    await receiver.next();
    expect(await scene.delivery(id)).toMatchObject({ status: 'sending', nextAttemptAt: null, attempts: [] });
    expect(await scene.retry(id)).toMatchObject({ status: 409, body: { code: expect.any(String) } });
    answer?.();
    expect(await scene.settled(id)).toMatchObject({ status: 'success', attemptCount: 1 });
    expect(receiver.received).toHaveLength(1);
  });

  it('is 404 for what is no delivery', async () => {
    for (const id of ['nonsense', '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d'])
      expect((await scene.retry(id)).status).toBe(404);
  });
});
