// Webhooks whose requests are never repeated once they may have arrived: what is tried again all the same, and what ends.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { eventually } from '../setup/eventually.js';
import { rawReceivers } from '../setup/raw-receiver.js';
import type { RawAnswer } from '../setup/raw-receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';
import { closedAfterEach } from './pace.harness.js';

let scene: DeliveryScene;
const { keep } = closedAfterEach();
const rawReceiver = rawReceivers();

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const target = (url: string, more: object = {}): Promise<Target> =>
  scene.target(url, { guarantee: 'at-most-once', ...more });

describe('to a webhook that is sent to at most once', () => {
  it('a delivery that waits for a slot until its lease is half over is claimed anew, and has not failed', async () => {
    const hanging = await rawReceiver(() => undefined);
    const crowded = await DeliveryScene.open({ deliveryConcurrency: 1, shutdownTimeout: '100ms' });
    keep(crowded);
    const busy = await crowded.target(hanging.url, { timeoutMs: 60_000 });
    const waiting = await crowded.target(hanging.url, { guarantee: 'at-most-once', timeoutMs: 1_000 });
    await busy.send();
    await eventually(() => hanging.requests.length > 0, 'the one slot is taken');
    const id = await waiting.send();
    const leaseOf = async (): Promise<Date | undefined> => {
      const [row] = await crowded.sql<{ due_at: Date }>(
        `SELECT due_at FROM posthorn.delivery WHERE id = $1 AND status = 'sending'`,
        [id],
      );
      return row?.due_at;
    };
    const first = await eventually(leaseOf, 'it is claimed');
    await eventually(async () => ((await leaseOf()) ?? first) > first, 'it is claimed anew', { within: 60_000 });
    expect(await crowded.delivery(id)).toMatchObject({ attemptCount: 1, attempts: [] });
  });

  it.each([500, 503, 429, 302])('a delivery that is answered %d is not sent again', async (status) => {
    const receiver = await scene.receiver(status);
    const id = await (await target(receiver.url)).send();
    expect(await scene.settled(id)).toMatchObject({
      status: 'failed',
      reason: 'at_most_once',
      attemptCount: 1,
      lastHttpStatus: status,
      attempts: [{ number: 1, httpStatus: status }],
    });
    expect(receiver.received).toHaveLength(1);
  });

  it.each<[string, RawAnswer]>([
    ['the connection is cut', (socket) => socket.destroy()],
    ['no answer comes in time', () => undefined],
    ['the answer is no HTTP', (socket) => socket.end('hello\r\n\r\n')],
  ])('a delivery is not sent again where %s after the request', async (_, answer) => {
    const receiver = await rawReceiver(answer);
    // Long enough for a busy machine to have sent it before the deadline.
    const id = await (await target(receiver.url, { timeoutMs: 2_000 })).send();
    expect(await scene.settled(id)).toMatchObject({ status: 'failed', reason: 'at_most_once', attemptCount: 1 });
    expect(receiver.requests).toHaveLength(1);
  });

  it('an answer of 2xx or of 4xx means what it always does', async () => {
    expect(await scene.settled(await (await target((await scene.receiver(200)).url)).send())).toMatchObject({
      status: 'success',
    });
    expect(await scene.settled(await (await target((await scene.receiver(404)).url)).send())).toMatchObject({
      status: 'client_error',
      reason: null,
    });
  });

  it('a delivery that found no one to connect to is tried again by the schedule', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await scene.settled(await (await target(`http://127.0.0.1:${port}/hook`)).send())).toMatchObject({
      status: 'failed',
      reason: 'attempts_exhausted',
      attempts: [{ error: 'ECONNREFUSED' }, { error: 'ECONNREFUSED' }, { error: 'ECONNREFUSED' }],
    });
  });

  it('a delivery whose name does not resolve, or whose TLS handshake fails, is tried again', async () => {
    const unknown = await target('https://receiver.invalid/hook');
    expect(await scene.settled(await unknown.send())).toMatchObject({
      reason: 'attempts_exhausted',
      attempts: [{ outcome: 'dns_error' }, { outcome: 'dns_error' }, { outcome: 'dns_error' }],
    });
    const plain = await rawReceiver(() => undefined, {
      onConnection: (socket) => void socket.end('HTTP/1.1 400 no\r\n\r\n'),
    });
    const tls = await target(plain.url.replace('http:', 'https:'));
    expect(await scene.settled(await tls.send())).toMatchObject({ reason: 'attempts_exhausted', attemptCount: 3 });
  });

  it('a delivery whose process died is given up, and sent again only by hand', async () => {
    const receiver = (await scene.receiver(200)).answers(() => undefined);
    const operator = await scene.receiver(200);
    await scene.server.webhook(operator.url, ['posthorn.delivery.exhausted']);
    const webhook = await target(receiver.url, { timeoutMs: 60_000 });
    const id = await webhook.send();
    await receiver.next();
    await scene.sql(`UPDATE posthorn.delivery SET due_at = now() - interval '1 s' WHERE id = $1`, [id]);
    await eventually(async () => (await scene.delivery(id)).status === 'failed', 'it is given up');
    expect(await scene.delivery(id)).toMatchObject({
      reason: 'unknown_outcome',
      attemptCount: 1,
      nextAttemptAt: null,
      attempts: [{ number: 1, outcome: 'unknown_outcome' }],
    });
    expect(JSON.parse((await operator.next()).body.toString())).toMatchObject({
      event: 'posthorn.delivery.exhausted',
      data: { deliveryId: id, event: webhook.type, webhookId: webhook.webhookId, attempts: 1 },
    });
    // What is sent behind it is settled behind it.
    await scene.settled(await webhook.send());
    expect(receiver.received).toHaveLength(2);
    expect((await scene.retry(id)).status).toBe(202);
    expect(await scene.settled(id)).toMatchObject({ status: 'success', attemptCount: 2 });
  });
});

it('the guarantee of a webhook is shown and changed, and is one of two', async () => {
  const { webhookId } = await scene.target('http://127.0.0.1:9/hook');
  const path = `/api/webhooks/${webhookId}`;
  expect((await scene.server.api('GET', path)).body).toMatchObject({ guarantee: 'at-least-once' });
  for (const guarantee of ['exactly-once', null])
    expect((await scene.server.api('PATCH', path, { guarantee })).status).toBe(400);
  expect((await scene.server.api('PATCH', path, { guarantee: 'at-most-once' })).body).toMatchObject({
    guarantee: 'at-most-once',
  });
});
