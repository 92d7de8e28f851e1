// Receivers that answer slowly, endlessly, brokenly or with malice: each costs one bounded attempt and nothing else.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { eventually } from '../setup/eventually.js';
import { plainAnswer, rawReceivers } from '../setup/raw-receiver.js';
import type { RawAnswer, RawBehaviour, RawReceiver } from '../setup/raw-receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

const DEADLINE_MS = 300;

let scene: DeliveryScene;
const rawReceiver = rawReceivers();

beforeAll(async () => {
  scene = await DeliveryScene.open({ retrySchedule: ['20ms'], deliveryTimeout: '1s' });
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const says =
  (text: string | Buffer, { close = true } = {}): RawAnswer =>
  (socket) => {
    socket.write(text);
    if (close) socket.end();
  };

/** One event to a receiver of this kind, followed to the end. */
async function outcomeOf(
  answer: RawAnswer,
  more: object = {},
  behaviour?: RawBehaviour,
): Promise<Delivery & { receiver: RawReceiver }> {
  const receiver = await rawReceiver(answer, behaviour);
  const target = await scene.target(receiver.url, { timeoutMs: 5_000, ...more });
  return { ...(await scene.settled(await target.send())), receiver };
}

/** Another receiver is still served: nothing was wedged, aborted or left behind. */
async function expectStillDelivering(): Promise<void> {
  const receiver = await scene.receiver(200);
  const target = await scene.target(receiver.url);
  expect(await scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
}

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
    const target = await scene.target(receiver.url.replace('http:', 'https:'), limit);
    expectTimeOut(await scene.settled(await target.send()));
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
    const longer = { timeoutMs: 2_000 };
    const delivery = await outcomeOf(dripping('200 OK'), longer);
    expect(delivery).toMatchObject({
      status: 'success',
      attemptCount: 1,
      attempts: [{ outcome: 'success', httpStatus: 200, error: 'timeout' }],
    });
    expect(delivery.attempts[0]?.response?.body).toMatch(/^x+$/);
    await eventually(() => delivery.receiver.openConnections === 0, 'the connection is closed');
    expect(await outcomeOf(dripping('503 No'), longer)).toMatchObject({ status: 'failed', lastHttpStatus: 503 });
  });

  it('is the webhook’s own where it has one: what another’s cuts off, a longer one waits for', async () => {
    const afterwards: RawAnswer = (socket) => {
      const timer = setTimeout(() => socket.end(plainAnswer('200 OK')), 2 * DEADLINE_MS);
      socket.once('close', () => clearTimeout(timer));
    };
    expect(await outcomeOf(afterwards, limit)).toMatchObject({ status: 'failed' });
    expect(await outcomeOf(afterwards, { timeoutMs: 10_000 })).toMatchObject({ status: 'success', attemptCount: 1 });
  });
});

describe('of a body', () => {
  const LOTS = Buffer.alloc(65_536, 'y');

  it('that never ends, at most 64 KiB are read and 4 KiB kept; then the connection is cut', async () => {
    let written = 0;
    const delivery = await outcomeOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const pour = (): void => {
        while (!socket.destroyed) {
          written += LOTS.length;
          const more = socket.write(Buffer.concat([Buffer.from('10000\r\n'), LOTS, Buffer.from('\r\n')]));
          if (!more) break;
        }
      };
      socket.on('drain', pour);
      pour();
    });
    expect(delivery).toMatchObject({ status: 'success', attempts: [{ outcome: 'success', error: 'body_cut' }] });
    expect(delivery.attempts[0]?.response?.body).toBe('y'.repeat(4_096));
    await eventually(() => delivery.receiver.openConnections === 0, 'the connection is cut');
    // What the buffers of both kernels swallow before they learn of it.
    expect(written).toBeLessThan(64 * 1_048_576);
  });

  it('as long as what is kept, all is kept; of one longer, the first 4 KiB', async () => {
    for (const length of [0, 1, 4_095, 4_096, 4_097, 65_000]) {
      const { attempts } = await outcomeOf(says(plainAnswer('200 OK', 'z'.repeat(length))));
      const kept = attempts[0]?.response?.body?.length ?? 0;
      expect({ length, kept }).toEqual({ length, kept: Math.min(length, 4_096) });
    }
  });

  it('that is compressed, nothing is inflated: a bomb stays as small as it came', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1_048_576));
    const delivery = await outcomeOf((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      socket.end(bomb);
    });
    expect(delivery).toMatchObject({ status: 'success', attemptCount: 1 });
    const [stored] = await scene.sql<{ response_body: Buffer }>(
      'SELECT response_body FROM posthorn.delivery_attempt WHERE delivery_id = $1',
      [delivery.id],
    );
    expect(stored?.response_body.equals(bomb.subarray(0, 4_096))).toBe(true);
  });

  it('that claims an encoding it does not have, nothing is made', async () => {
    const delivery = await outcomeOf(says(plainAnswer('200 OK', 'no gzip at all', 'Content-Encoding: gzip\r\n')));
    expect(delivery).toMatchObject({ status: 'success', attempts: [{ response: { body: 'no gzip at all' } }] });
  });
});

describe('bytes that are no text', () => {
  it('in a body are kept as they came and shown as far as they can be', async () => {
    const body = Buffer.from([0x61, 0x00, 0x62, 0xff, 0xfe, 0xe9, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
    const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
    const delivery = await outcomeOf(says(Buffer.concat([head, body])));
    expect(delivery).toMatchObject({ status: 'success', attemptCount: 1 });
    expect(delivery.attempts[0]?.response?.body).toBe(body.toString());
    const [stored] = await scene.sql<{ response_body: Buffer }>(
      'SELECT response_body FROM posthorn.delivery_attempt WHERE delivery_id = $1',
      [delivery.id],
    );
    expect(stored?.response_body.equals(body)).toBe(true);
  });

  it('in a header, latin-1 or broken UTF-8, are logged and do not keep the outcome from being written', async () => {
    const head = Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Latin: caf'),
      Buffer.from([0xe9]),
      Buffer.from('\r\nX-Broken: '),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from('\r\n\r\n'),
    ]);
    const delivery = await outcomeOf(says(head));
    expect(delivery).toMatchObject({ status: 'success', attemptCount: 1, attempts: [{ httpStatus: 200 }] });
    expect(Object.keys(delivery.attempts[0]?.response?.headers ?? {})).toEqual(
      expect.arrayContaining(['x-latin', 'x-broken']),
    );
  });

  it('such as NUL in a header or a reason make a failed attempt in the log, not a stuck delivery', async () => {
    for (const answer of [
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Nul: a\0b\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX\0Nul: a\r\n\r\n',
    ]) {
      const delivery = await outcomeOf(says(answer));
      expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
      for (const attempt of delivery.attempts) {
        expect(attempt).toMatchObject({ outcome: 'protocol_error', error: expect.stringMatching(/^HPE_/) });
      }
    }
    await expectStillDelivering();
  });

  it('spoil no outcome that is written together with theirs', async () => {
    const good = await scene.receiver(200);
    const bad = await rawReceiver(says('HTTP/1.1 200 \0\r\nX: \0\r\n\r\n\0'));
    const targets = [await scene.target(good.url), await scene.target(bad.url)];
    const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => targets[n % 2]!.send()));
    const settled = await Promise.all(ids.map((id) => scene.settled(id)));
    expect(settled.filter(({ status }) => status === 'success')).toHaveLength(20);
    expect(settled.filter(({ status }) => status === 'failed')).toHaveLength(20);
  });
});

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
    const target = await scene.target(receiver.url);
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
    const second = await scene.settled(await target.send());
    expect(second.attempts.map(({ outcome }) => outcome)).toEqual(['connection_error', 'success']);
    expect({ requests: receiver.requests.length, connections: receiver.connections }).toEqual({
      requests: 3,
      connections: 2,
    });
  });

  it('that the receiver closed while it was idle is not used again: no attempt is lost to it', async () => {
    const receiver = await rawReceiver(says(plainAnswer('200 OK')));
    const target = await scene.target(receiver.url);
    await scene.settled(await target.send());
    await eventually(() => receiver.openConnections === 0, 'the receiver has closed the connection');
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
  });

  it('is kept alive and used for the next delivery', async () => {
    const receiver = await rawReceiver(says(plainAnswer('200 OK'), { close: false }));
    const target = await scene.target(receiver.url);
    for (let n = 0; n < 3; n += 1) await scene.settled(await target.send());
    expect({ requests: receiver.requests.length, connections: receiver.connections }).toEqual({
      requests: 3,
      connections: 1,
    });
  });
});

describe('an answer that breaks HTTP', () => {
  it.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['status 000', 'HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n'],
    ['two different Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    [
      'both Content-Length and Transfer-Encoding',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['3,000 headers', `HTTP/1.1 200 OK\r\n${'X-Filler: 0123456789\r\n'.repeat(3_000)}\r\n`],
    ['a header of 70 kB', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ])('(%s) is a failed attempt with a code, retried, and then failed', async (_, answer) => {
    const delivery = await outcomeOf(says(answer));
    expect(delivery).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    for (const attempt of delivery.attempts) {
      expect(attempt.outcome).toMatch(/^(protocol_error|connection_error)$/);
      expect(attempt.error).toMatch(/^[A-Z][A-Z_]+$/);
      expect(attempt.error).not.toBe('UNKNOWN');
    }
    expect(delivery.receiver.requests).toHaveLength(2);
    await expectStillDelivering();
  });

  it('with a status past 599 is a failure like a 5xx', async () => {
    for (const status of [600, 999])
      expect(await outcomeOf(says(plainAnswer(`${status} Odd`)))).toMatchObject({
        status: 'failed',
        lastHttpStatus: status,
        attempts: [{ outcome: 'server_error' }, { outcome: 'server_error' }],
      });
  });

  it('only in age is success: HTTP/1.0, its body ended by closing; no reason; thousands of hints before it', async () => {
    for (const answer of [
      'HTTP/1.0 200 OK\r\n\r\nok',
      'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
      `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(2_000)}${plainAnswer('200 OK', 'ok')}`,
    ])
      expect(await outcomeOf(says(answer))).toMatchObject({
        status: 'success',
        attemptCount: 1,
        attempts: [{ response: { body: 'ok' } }],
      });
  });

  it('by a second one behind the first is not taken for the answer to the next request', async () => {
    const receiver = await rawReceiver((socket, number) => {
      if (number === 1) socket.write(plainAnswer('200 OK') + plainAnswer('500 Smuggled'));
      else socket.write(plainAnswer('200 OK'));
    });
    const target = await scene.target(receiver.url);
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success' });
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
  });
});

describe('the request', () => {
  it('has its exact length, no chunks and no expectations, and its body comes in whole', async () => {
    const { receiver } = await outcomeOf(says(plainAnswer('200 OK')));
    const text = receiver.requests[0]?.toString('latin1') ?? '';
    expect(text).toMatch(/^POST \/hook HTTP\/1\.1\r\n/);
    expect(text).not.toMatch(/^(transfer-encoding|expect|accept-encoding):/im);
    expect(text.match(/^content-length:/gim)).toHaveLength(1);
    expect(text.match(/^webhook-signature:/gim)).toHaveLength(1);
  });

  it('goes out while the receiver is already answering, and its answer still counts', async () => {
    const answered = await rawReceiver(() => undefined, {
      onFirstByte: (socket) => void once(socket, 'data').then(() => socket.end(plainAnswer('413 Too Large'))),
      onConnection: (socket) => socket.setNoDelay(true),
    });
    const target = await scene.target(answered.url, { timeoutMs: 2_000 });
    const delivery = await scene.settled(await target.send({ filler: 'f'.repeat(200_000) }));
    expect(delivery).toMatchObject({ status: 'client_error', lastHttpStatus: 413 });
  });
});
