// Connections that break before, amid or after an answer, and those that are used again: an attempt counts once, and no request
// goes out twice in silence.
import { describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { eventually } from '../setup/eventually.js';
import { plainAnswer } from '../setup/raw-receiver.js';
import { rawDeliveries, says } from './raw-answers.harness.js';

const deliveries = rawDeliveries();
const { outcomeOf, rawReceiver } = deliveries;

describe('a connection', () => {
  it('reset before the answer is a failed attempt, retried by the schedule and never sent again in silence', async () => {
    const { receiver, ...delivery } = await outcomeOf((socket) => socket.resetAndDestroy());
    expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['connection_error', 'connection_error']);
    expect(receiver.requests).toHaveLength(2);
  });

  it('closed before the request was read is a failed attempt', async () => {
    const delivery = await outcomeOf(() => undefined, {}, { onConnection: (socket) => void socket.destroy() });
    expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['connection_error', 'connection_error']);
  });

  it('reset after the head of a 2xx is success: the status line was read; both are in the log', async () => {
    const delivery = await outcomeOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', () => socket.end());
    });
    expect(delivery).toMatchObject({
      status: 'success',
      attemptCount: 1,
      attempts: [{ outcome: 'success', httpStatus: 200, error: expect.any(String), response: { body: 'part' } }],
    });
    expect(delivery.receiver.requests).toHaveLength(1);
  });

  it('reset after the head of a 5xx is a failure of that status', async () => {
    const delivery = await outcomeOf((socket) => {
      socket.write('HTTP/1.1 502 Bad\r\nContent-Length: 100\r\n\r\npart', () => socket.end());
    });
    expect(delivery).toMatchObject({ status: 'failed', lastHttpStatus: 502, attemptCount: 2 });
  });

  it('closed just as it is used again costs one attempt, and the next one opens a new one', async () => {
    const perSocket = new WeakMap<Socket, number>();
    const receiver = await rawReceiver((socket) => {
      const count = (perSocket.get(socket) ?? 0) + 1;
      perSocket.set(socket, count);
      if (count === 1) socket.write(plainAnswer('200 OK'));
      else socket.resetAndDestroy();
    });
    const target = await deliveries.scene.target(receiver.url);
    expect(await deliveries.scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
    const second = await deliveries.scene.settled(await target.send());
    expect(second.attempts.map(({ outcome }) => outcome)).toEqual(['connection_error', 'success']);
    expect({ requests: receiver.requests.length, connections: receiver.connections }).toEqual({
      requests: 3,
      connections: 2,
    });
  });

  it('that the receiver closed while it was idle is not used again: no attempt is lost to it', async () => {
    const receiver = await rawReceiver(says(plainAnswer('200 OK')));
    const target = await deliveries.scene.target(receiver.url);
    await deliveries.scene.settled(await target.send());
    await eventually(() => receiver.openConnections === 0, 'the receiver has closed the connection');
    expect(await deliveries.scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
  });

  it('is kept alive and used for the next delivery', async () => {
    const receiver = await rawReceiver(says(plainAnswer('200 OK'), { close: false }));
    const target = await deliveries.scene.target(receiver.url);
    for (let n = 0; n < 3; n += 1) await deliveries.scene.settled(await target.send());
    expect({ requests: receiver.requests.length, connections: receiver.connections }).toEqual({
      requests: 3,
      connections: 1,
    });
  });
});
