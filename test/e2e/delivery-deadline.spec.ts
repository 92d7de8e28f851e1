// However a receiver spins an attempt out, one deadline ends it, and the connection with it.
import { describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { eventually } from '../setup/eventually.js';
import { plainAnswer } from '../setup/raw-receiver.js';
import type { RawAnswer } from '../setup/raw-receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';
import { rawDeliveries } from './raw-answers.harness.js';

const DEADLINE_MS = 300;

// Longer than any test waits: what ends here ends by the webhook's own.
const deliveries = rawDeliveries({ deliveryTimeout: '2m' });
const { outcomeOf, rawReceiver } = deliveries;

/** Writes `chunk` every 20 ms until the peer has gone. */
function drip(socket: Socket, chunk: () => string | Buffer): void {
  const timer = setInterval(() => socket.write(chunk()), 20);
  socket.once('close', () => clearInterval(timer));
}

describe('one deadline', () => {
  const limit = { timeoutMs: DEADLINE_MS };
  const expectTimeOut = ({ attempts, status, reason }: Delivery): void => {
    expect({ status, reason }).toEqual({ status: 'failed', reason: 'attempts_exhausted' });
    expect(attempts).toHaveLength(2);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ outcome: 'timeout', error: 'timeout', httpStatus: null, response: null });
      expect(attempt.durationMs).toBeGreaterThanOrEqual(DEADLINE_MS - 5);
    }
  };

  it('covers a receiver that takes the request and never answers', async () => {
    const delivery = await outcomeOf(() => undefined, limit);
    expectTimeOut(delivery);
    await eventually(() => delivery.receiver.openConnections === 0, 'the connections are closed');
  });

  it('covers connecting: a TLS handshake that nobody answers', async () => {
    const receiver = await rawReceiver(() => undefined);
    const target = await deliveries.scene.target(receiver.url.replace('http:', 'https:'), limit);
    expectTimeOut(await deliveries.scene.settled(await target.send()));
    await eventually(() => receiver.openConnections === 0, 'the connections are closed');
  });

  it('covers headers that come drop by drop', async () => {
    const delivery = await outcomeOf((socket) => {
      let n = 0;
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, () => `X-Drop-${n++}: 1\r\n`);
    }, limit);
    expectTimeOut(delivery);
    await eventually(() => delivery.receiver.openConnections === 0, 'the connections are closed');
  });

  it('covers a body that comes drop by drop, and the status that came first decides', async () => {
    const dripping =
      (status: string): RawAnswer =>
      (socket) => {
        socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 1000000\r\n\r\n`);
        drip(socket, () => 'x');
      };
    // Long enough for a busy machine to have read the status before it.
    const longer = { timeoutMs: 4_000, retrySchedule: [] };
    const [delivery, refused] = await Promise.all([
      outcomeOf(dripping('200 OK'), longer),
      outcomeOf(dripping('503 No'), longer),
    ]);
    expect(delivery).toMatchObject({
      status: 'success',
      attemptCount: 1,
      attempts: [{ outcome: 'success', httpStatus: 200, error: 'timeout' }],
    });
    expect(delivery.attempts[0]?.response?.body).toMatch(/^x+$/);
    await eventually(() => delivery.receiver.openConnections === 0, 'the connection is closed');
    expect(refused).toMatchObject({
      status: 'failed',
      attemptCount: 1,
      attempts: [{ outcome: 'server_error', httpStatus: 503, error: 'timeout' }],
    });
  });

  it('is the webhook’s own where it has one: what another’s cuts off, a longer one waits for', async () => {
    const afterwards: RawAnswer = (socket) => {
      const timer = setTimeout(() => socket.end(plainAnswer('200 OK')), 2 * DEADLINE_MS);
      socket.once('close', () => clearTimeout(timer));
    };
    expect(await outcomeOf(afterwards, limit)).toMatchObject({ status: 'failed' });
    expect(await outcomeOf(afterwards, { timeoutMs: 10_000 })).toMatchObject({ status: 'success', attemptCount: 1 });
  });

  it('is the webhook’s own for connecting too, where that of the installation is shorter', async () => {
    const hasty = await DeliveryScene.open({ deliveryTimeout: '1s' });
    try {
      const receiver = await rawReceiver(() => undefined);
      const url = receiver.url.replace('http:', 'https:');
      const target = await hasty.target(url, { timeoutMs: 2_000, retrySchedule: [] });
      const { attempts } = await hasty.settled(await target.send());
      expect(attempts).toMatchObject([{ outcome: 'timeout', error: 'timeout' }]);
      expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(1_995);
    } finally {
      await hasty.close();
    }
  });
});
