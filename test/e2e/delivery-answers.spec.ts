// Receivers that answer endlessly, brokenly or with malice: each costs one bounded attempt and nothing else.
import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { eventually } from '../setup/eventually.js';
import { plainAnswer } from '../setup/raw-receiver.js';
import { rawDeliveries, says } from './raw-answers.harness.js';

const deliveries = rawDeliveries();
const { expectStillDelivering, outcomeOf, rawReceiver } = deliveries;

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

  it('that says it is longer, no more is read than is kept, and nothing is waited for', async () => {
    const delivery = await outcomeOf((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n${'y'.repeat(4_096)}`);
    });
    expect(delivery).toMatchObject({ status: 'success', attempts: [{ outcome: 'success', error: 'body_cut' }] });
    expect(delivery.attempts[0]?.response?.body).toBe('y'.repeat(4_096));
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
    const [stored] = await deliveries.scene.sql<{ response_body: Buffer }>(
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
    const [stored] = await deliveries.scene.sql<{ response_body: Buffer }>(
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
    const good = await deliveries.scene.receiver(200);
    const bad = await rawReceiver(says('HTTP/1.1 200 \0\r\nX: \0\r\n\r\n\0'));
    const targets = [await deliveries.scene.target(good.url), await deliveries.scene.target(bad.url)];
    const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => targets[n % 2]!.send()));
    const settled = await Promise.all(ids.map((id) => deliveries.scene.settled(id)));
    expect(settled.filter(({ status }) => status === 'success')).toHaveLength(20);
    expect(settled.filter(({ status }) => status === 'failed')).toHaveLength(20);
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
    const target = await deliveries.scene.target(receiver.url);
    expect(await deliveries.scene.settled(await target.send())).toMatchObject({ status: 'success' });
    expect(await deliveries.scene.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
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
    const target = await deliveries.scene.target(answered.url);
    const delivery = await deliveries.scene.settled(await target.send({ filler: 'f'.repeat(200_000) }));
    expect(delivery).toMatchObject({ status: 'client_error', lastHttpStatus: 413 });
  });
});
