// Where the time of an attempt went. A phase lasts at least as long as its receiver makes it last; never is asserted how long.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { plainAnswer, RawReceiver, rawReceivers } from '../setup/raw-receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Attempt, Delivery } from './delivery.harness.js';

const DELAY_MS = 200;
/** Long enough for a busy machine to have connected, and sent, before it. */
const DEADLINE_MS = 2_000;
/** Timers keep whole milliseconds, phases are rounded. */
const LEAST_MS = DELAY_MS - 3;

let scene: DeliveryScene;
const rawReceiver = rawReceivers();

beforeAll(async () => {
  scene = await DeliveryScene.open({ retrySchedule: [] });
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

/** The phases of the only attempt of a delivery, which last no longer than the whole. */
function timingOf({ attempts }: Delivery): NonNullable<Attempt['timing']> {
  expect(attempts).toHaveLength(1);
  const [{ timing, durationMs }] = attempts as [Attempt];
  const phases = Object.values(timing ?? {}).map((phase) => phase ?? 0);
  expect(phases.every((phase) => Number.isInteger(phase) && phase >= 0)).toBe(true);
  expect(phases.reduce((sum, phase) => sum + phase, 0)).toBeLessThanOrEqual(durationMs);
  return timing as NonNullable<Attempt['timing']>;
}

const number = expect.any(Number);

describe('the time of an attempt went into', () => {
  it('waiting for the first byte, where the receiver works before it answers', async () => {
    const receiver = await scene.receiver((_, response) => void setTimeout(() => response.end('done'), DELAY_MS));
    const target = await scene.target(receiver.url);
    const timing = timingOf(await scene.settled(await target.send()));
    expect(timing).toEqual({ waitMs: number, connectMs: number, firstByteMs: number, bodyMs: number });
    expect(timing.firstByteMs).toBeGreaterThanOrEqual(LEAST_MS);
  });

  it('reading the answer, where that comes drop by drop', async () => {
    // Each drop is awaited by a timer of its own, between which this process, which also reads them, always reads.
    const DROPS = 40;
    const DROP_MS = 10;
    const receiver = await rawReceiver((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${DROPS}\r\n\r\n`);
      const drip = (left: number): void => {
        if (left === 0) return;
        socket.write('x');
        setTimeout(() => drip(left - 1), DROP_MS);
      };
      drip(DROPS);
    });
    const target = await scene.target(receiver.url);
    const timing = timingOf(await scene.settled(await target.send()));
    expect(timing.bodyMs).toBeGreaterThanOrEqual((DROPS * DROP_MS) / 2);
  });

  it('a token that is slow to come, before there was a connection', async () => {
    const tokens = await scene.receiver((_, response) => {
      const token = JSON.stringify({ access_token: 't', token_type: 'Bearer', expires_in: 3_600 });
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(token), DELAY_MS);
    });
    const receiver = await scene.receiver(200);
    const authentication = { type: 'oauth2', tokenUrl: tokens.url, clientId: 'us', clientSecret: 'secret' };
    const target = await scene.target(receiver.url, { authentication });
    expect(timingOf(await scene.settled(await target.send())).waitMs).toBeGreaterThanOrEqual(LEAST_MS);
    expect(receiver.received).toHaveLength(1);
  });

  it('connecting, where a handshake hangs until the deadline: nothing was sent, nothing answered', async () => {
    const receiver = await rawReceiver(() => undefined);
    const target = await scene.target(receiver.url.replace('http:', 'https:'), { timeoutMs: DEADLINE_MS });
    const timing = timingOf(await scene.settled(await target.send()));
    expect(timing).toEqual({ waitMs: number, connectMs: number, firstByteMs: null, bodyMs: null });
    expect(timing.connectMs).toBeGreaterThanOrEqual(LEAST_MS - (timing.waitMs ?? 0));
  });

  it('waiting for an answer that did not come by the deadline: there was no body to read', async () => {
    const receiver = await rawReceiver(() => undefined);
    const target = await scene.target(receiver.url, { timeoutMs: DEADLINE_MS });
    const timing = timingOf(await scene.settled(await target.send()));
    expect(timing).toEqual({ waitMs: number, connectMs: number, firstByteMs: number, bodyMs: null });
    expect(Object.values(timing).reduce((sum, phase) => (sum ?? 0) + (phase ?? 0), 0)).toBeGreaterThanOrEqual(LEAST_MS);
  });
});

describe('a connection', () => {
  it('that was kept alive is not made again, and one that was closed is', async () => {
    const receiver = await rawReceiver((socket, count) => {
      socket.write(plainAnswer('200 OK'));
      if (count === 2) socket.end();
    });
    const target = await scene.target(receiver.url);
    const connected: unknown[] = [];
    for (let sent = 0; sent < 2; sent += 1)
      connected.push(timingOf(await scene.settled(await target.send())).connectMs);
    expect(connected).toEqual([number, null]);
    expect(receiver.connections).toBe(1);
    await scene.becomes(await target.send(), 'success');
    expect(receiver.connections).toBe(2);
  });

  it('that nobody takes costs the time of trying', async () => {
    const receiver = await RawReceiver.start(() => undefined);
    const target = await scene.target(receiver.url);
    await receiver.close();
    const timing = timingOf(await scene.settled(await target.send()));
    expect(timing).toEqual({ waitMs: number, connectMs: number, firstByteMs: null, bodyMs: null });
  });
});

it('is not known of an attempt that was logged by an earlier version', async () => {
  const receiver = await scene.receiver(200);
  const { id } = await scene.settled(await (await scene.target(receiver.url)).send());
  await scene.sql('UPDATE posthorn.delivery_attempt SET timing = NULL WHERE delivery_id = $1', [id]);
  expect((await scene.delivery(id)).attempts[0]?.timing).toBeNull();
});
