// The reader of raw bodies by itself: its bounds, and what a sender sees when it meets one of them.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Injectable, Module, Post, Req } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { RawBodies } from '../../src/platform/http/raw-body.js';
import { eventually } from '../setup/eventually.js';

const LIMIT = 50_000;
const BUDGET = 120_000;
/** Only one test waits for it; all others have sent theirs before, on a busy machine too. */
const DEADLINE_MS = 3_000;

@Injectable()
class Bodies {
  readonly raw: RawBodies<string>;
  asked = 0;
  delivered = 0;

  constructor(host: HttpAdapterHost) {
    this.raw = new RawBodies(host, {
      parameter: 'thing',
      budgetBytes: BUDGET,
      admit: ({ thing = '' }) => {
        this.asked++;
        return Promise.resolve(
          thing === 'closed'
            ? { admitted: false, refusal: { status: 404, error: 'Closed' } }
            : { admitted: true, limitBytes: LIMIT, deadlineMs: DEADLINE_MS, context: thing },
        );
      },
    });
  }
}

@Controller()
class ThingsController {
  constructor(private readonly bodies: Bodies) {}

  @Post('things/own')
  own(@Req() request: { body: unknown }): unknown {
    return { parsed: request.body };
  }

  @Post('things/:thing')
  @HttpCode(200)
  take(@Req() request: object): unknown {
    this.bodies.delivered++;
    const body = this.bodies.raw.of(request);
    return { size: body?.bytes.length, context: body?.context };
  }
}

@Module({ controllers: [ThingsController], providers: [Bodies] })
class ThingsModule {}

let app: INestApplication;
let port: number;
let bodies: Bodies;

beforeAll(async () => {
  app = (await Test.createTestingModule({ imports: [ThingsModule] }).compile()).createNestApplication({
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  port = ((app.getHttpServer() as Server).address() as AddressInfo).port;
  bodies = app.get(Bodies);
});
afterAll(() => app.close());

interface Answered {
  readonly status: number | undefined;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

/** A request whose body is written by hand, and its answer. */
function open(
  path: string,
  headers: Record<string, string | number> = {},
): { request: ClientRequest; answer: Promise<Answered> } {
  const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false });
  const answer = (async () => {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode, body: JSON.parse(text) as unknown, headers: response.headers };
  })();
  answer.catch(() => undefined);
  // Once answered, the rest of the body may find the connection closed.
  request.on('error', () => undefined);
  return { request, answer };
}

function send(path: string, body: Buffer, headers: Record<string, string | number> = {}): Promise<Answered> {
  const { request, answer } = open(path, headers);
  request.end(body);
  return answer;
}

describe('the size of a body', () => {
  it.each([
    ['one byte less than the limit', LIMIT - 1, 200],
    ['the limit', LIMIT, 200],
    ['one byte more', LIMIT + 1, 413],
  ])('of %s', async (_, size, status) => {
    const declared = await send('/things/a', Buffer.alloc(size), { 'content-length': size });
    const chunked = await send('/things/a', Buffer.alloc(size), { 'transfer-encoding': 'chunked' });
    expect([declared.status, chunked.status]).toEqual([status, status]);
    expect(chunked.body).toEqual(status === 200 ? { size, context: 'a' } : { error: 'Payload too large' });
  });

  it('is judged by what was declared before a byte of it came', async () => {
    const { request, answer } = open('/things/a', { 'content-length': LIMIT + 1 });
    request.flushHeaders();
    expect(await answer).toMatchObject({ status: 413, body: { error: 'Payload too large' } });
    request.destroy();
  });

  it('too large is told to every sender, even one that never stops', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => {
        const { request, answer } = open('/things/a', { 'transfer-encoding': 'chunked' });
        const pump = (): void => {
          while (!request.destroyed && request.write(Buffer.alloc(16_384)));
          if (!request.destroyed) request.once('drain', pump);
        };
        pump();
        return answer.finally(() => request.destroy());
      }),
    );
    // Together they may meet the budget before the limit.
    for (const { status, headers } of answers) {
      expect([413, 503]).toContain(status);
      expect(headers['x-request-id']).toBeTruthy();
    }
  });
});

describe('the bodies of all requests together', () => {
  it('are bounded: what would be too much is told to come again, and the room comes back', async () => {
    const held = [open('/things/a'), open('/things/b'), open('/things/c')];
    for (const { request } of held) request.write(Buffer.alloc(LIMIT - 1));
    const refused = await Promise.race(held.map(({ answer }) => answer));
    expect(refused).toMatchObject({ status: 503, body: { error: 'Too busy' }, headers: { 'retry-after': '5' } });
    for (const { request } of held) request.end();
    const answers = await Promise.all(held.map(({ answer }) => answer));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503]);
    await eventually(async () => {
      const again = await Promise.all(['a', 'b'].map((name) => send(`/things/${name}`, Buffer.alloc(LIMIT))));
      return again.every(({ status }) => status === 200);
    }, 'the room comes back');
  });

  it('give their room back when uploads are broken off', async () => {
    for (let round = 0; round < 10; round++) {
      const before = bodies.asked;
      const { request } = open('/things/a');
      request.write(Buffer.alloc(LIMIT - 1));
      await eventually(() => bodies.asked > before, 'the upload began');
      request.destroy();
    }
    await eventually(async () => (await send('/things/a', Buffer.alloc(LIMIT))).status === 200, 'there is room');
  });
});

describe('a sender', () => {
  it('that is too slow is told so', async () => {
    const { request, answer } = open('/things/a', { 'content-length': 10 });
    request.write('1');
    expect(await answer).toMatchObject({ status: 408, body: { error: 'Request timeout' } });
    request.destroy();
  });

  it('that goes away in mid-upload reaches no controller', async () => {
    const before = { asked: bodies.asked, delivered: bodies.delivered };
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123');
    await eventually(() => bodies.asked > before.asked, 'the upload began');
    socket.destroy();
    expect((await send('/things/a', Buffer.from('next'))).status).toBe(200);
    expect(bodies.delivered).toBe(before.delivered + 1);
  });

  it('that is not let in is answered before its body is read', async () => {
    const { request, answer } = open('/things/closed', { 'content-length': LIMIT });
    request.flushHeaders();
    expect(await answer).toMatchObject({ status: 404, body: { error: 'Closed' } });
    request.destroy();
  });

  it('that sends byte by byte is understood', async () => {
    const { request, answer } = open('/things/a', { 'transfer-encoding': 'chunked' });
    for (let at = 0; at < 3_000; at++) request.write('x');
    request.end();
    expect(await answer).toMatchObject({ status: 200, body: { size: 3_000 } });
  });
});

it('leaves a host’s own literal route its parsed body', async () => {
  const answer = await send('/things/own', Buffer.from('{"a":1}'), { 'content-type': 'application/json' });
  expect(answer.body).toEqual({ parsed: { a: 1 } });
});
