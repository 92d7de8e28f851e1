// What every route of the API has in common: who gets in, and how everything malformed is refused.
import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import request from 'supertest';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY, refusal, RegistryScene, routesOf, UNKNOWN_ID } from './registry.harness.js';
import type { Refusal } from './registry.harness.js';

const MIB = 1_048_576;

const scene = RegistryScene.forTests();
const { as } = scene;

describe('the door', () => {
  it.each([
    ['no header', undefined],
    ['an empty token', 'Bearer '],
    ['another key', `Bearer ${'x'.repeat(26)}`],
    ['a prefix of the key', `Bearer ${ADMIN_KEY.slice(0, -1)}`],
    ['more than the key', `Bearer ${ADMIN_KEY}x`],
    ['two tokens', `Bearer ${ADMIN_KEY} ${ADMIN_KEY}`],
    ['another scheme', `Basic ${Buffer.from(`:${ADMIN_KEY}`).toString('base64')}`],
    ['no scheme', ADMIN_KEY],
    ['a huge token', `Bearer ${'x'.repeat(10_000)}`],
  ])('is closed to %s', async (_what, authorization) => {
    const call = request(scene.origin).get('/api/webhooks');
    const answer = await (authorization === undefined ? call : call.set('Authorization', authorization));
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: expect.any(String), code: 'unauthenticated', requestId: expect.any(String) });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('takes the scheme in any case', async () => {
    await request(scene.origin).get('/api/webhooks').set('Authorization', `bearer ${ADMIN_KEY}`).expect(200);
  });

  it('is closed to a doubled header', async () => {
    const answer = await scene.raw(
      `GET /api/webhooks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('asks who is there before it reads a body', async () => {
    const call = request(scene.origin).post('/api/webhooks').type('json').send('{broken');
    expect(await refusal(call)).toMatchObject({ status: 401 });
  });
});

describe('a body that comes byte by byte', () => {
  it('is held in as many bytes as it has', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const accepted = once(scene.app.getHttpServer(), 'connection');
    const socket = connect(Number(new URL(scene.origin).port), '127.0.0.1').on('error', () => undefined);
    const [taking] = (await accepted) as [Socket];
    const before = held();
    socket.write(
      `POST /api/events/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const some = Buffer.from('1\r\n \r\n'.repeat(10_000));
    for (let n = 0; n < 100; n += 1) if (!socket.write(some)) await once(socket, 'drain');
    await eventually(() => taking.bytesRead === socket.bytesWritten, 'all of it is read');
    const grown = held() - before;
    socket.destroy();
    expect(grown).toBeLessThan(30_000_000);
  });
});

describe('the bodies of one tenant', () => {
  it('fill no more than half of the room for all; others are taken, and so is it once they are answered or gone', async () => {
    await as('default').post('/api/tenants').send({ id: 'sends-much', name: 'S' });
    const batch = (tenant: string) => request(scene.origin).post('/api/events/batch').set('X-Tenant', tenant);
    const sent = (tenant: string, bytes: number) =>
      batch(tenant)
        .set('Authorization', `Bearer ${ADMIN_KEY}`)
        .type('json')
        .send(`{"events":[]}${' '.repeat(bytes)}`);
    const held: Socket[] = [];
    for (let n = 0; n < 3; n += 1) held.push(await unfinished('sends-much', 9 * MIB));
    const refused = await sent('sends-much', 9 * MIB);
    expect([refused.status, (refused.body as Refusal).code, refused.headers['retry-after']]).toEqual([
      503,
      'too_busy',
      '5',
    ]);
    expect((await sent('sends-much', 1)).status).toBe(400);
    expect((await sent('default', 9 * MIB)).status).toBe(400);
    for (const socket of held) socket.destroy();
    await eventually(async () => (await sent('sends-much', 9 * MIB)).status === 400, 'there is room again');
    // Answered as they are, however many there are, each leaves as much as it found.
    for (let n = 0; n < 5; n += 1) expect((await sent('sends-much', 9 * MIB)).status).toBe(400);
  });

  /** A request of which so much was read, and which does not end. */
  async function unfinished(tenant: string, bytes: number): Promise<Socket> {
    const accepted = once(scene.app.getHttpServer(), 'connection');
    const socket = connect(Number(new URL(scene.origin).port), '127.0.0.1').on('error', () => undefined);
    const [taking] = (await accepted) as [Socket];
    socket.write(
      `POST /api/events/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nX-Tenant: ${tenant}\r\nContent-Type: application/json\r\nContent-Length: ${bytes + 1}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(bytes, ' '));
    await eventually(() => taking.bytesRead === socket.bytesWritten, 'all of it is read');
    return socket;
  }
});

describe('the answers of one tenant that nobody reads', () => {
  it('fill no more than half of the room for all, until their readers are gone', async () => {
    await as('default').post('/api/tenants').send({ id: 'reads-nothing', name: 'R' });
    await scene.sql.query(
      `INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data)
       SELECT gen_random_uuid(), tenant, 'a.b', now(), convert_to('{"text":"' || repeat('x', $1::int) || '"}', 'UTF8')
       FROM unnest(ARRAY['reads-nothing', 'acme']) AS tenant, generate_series(1, 7)`,
      [MIB],
    );
    const read = (tenant: string, limit: number) => as(tenant).get(`/api/events?limit=${limit}`);
    expect((await read('reads-nothing', 7)).status).toBe(200);
    const idle: Socket[] = [];
    const taken: Socket[] = [];
    const note = (socket: Socket): void => void taken.push(socket);
    scene.app.getHttpServer().on('connection', note);
    for (let n = 0; n < 9; n += 1) {
      const socket = connect(Number(new URL(scene.origin).port), '127.0.0.1')
        .on('error', () => undefined)
        .pause();
      socket.write(
        `GET /api/events?limit=7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nX-Tenant: reads-nothing\r\n\r\n`,
      );
      idle.push(socket);
    }
    await eventually(() => taken.filter((socket) => socket.bytesWritten > 7 * MIB).length === 9, 'all are answered');
    const refused = await read('reads-nothing', 7);
    expect([refused.status, (refused.body as Refusal).code, refused.headers['retry-after']]).toEqual([
      503,
      'too_busy',
      '5',
    ]);
    expect((await as('reads-nothing').get('/api/webhooks')).status).toBe(200);
    expect((await read('acme', 7)).status).toBe(200);
    for (const socket of idle) socket.destroy();
    await eventually(async () => (await read('reads-nothing', 7)).status === 200, 'there is room again');
    scene.app.getHttpServer().off('connection', note);
  });
});

describe('every answer', () => {
  it('has one error shape, and the request id in it and in the header', async () => {
    const answer = await as('default').get('/api/webhooks/nope').set('X-Request-Id', 'my-request.1');
    expect(answer.headers['x-request-id']).toBe('my-request.1');
    expect(answer.body).toEqual({ error: 'No such webhook.', code: 'webhook_not_found', requestId: 'my-request.1' });
    const strange = await as('default').get('/api/webhooks').set('X-Request-Id', 'a b"c');
    expect(strange.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is not for caching or framing, and does not tell what runs here', async () => {
    const { headers } = await as('default').get('/api/webhooks').expect(200);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });

  it('leaves it to whoever asks to close a connection: a balancer keeps idle ones for a minute', async () => {
    const { headers } = await fetch(`${scene.origin}/api/webhooks`);
    expect(headers.get('keep-alive')).toBe('timeout=75');
  });

  it('to an unknown address is 404, to a known one with another method 405 with Allow', async () => {
    expect(await refusal(as('default').get('/api/nothing'))).toMatchObject({ status: 404, code: 'route_not_found' });
    expect(await refusal(as('default').get('/'))).toMatchObject({ status: 404, code: 'route_not_found' });
    const wrong = await as('default').put(`/api/webhooks/${UNKNOWN_ID}`).send({});
    expect(wrong.status).toBe(405);
    expect(wrong.body).toMatchObject({ code: 'method_not_allowed' });
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PATCH');
    const options = await as('default').options('/api/webhooks').expect(204);
    expect(options.headers.allow).toBe('GET, HEAD, OPTIONS, POST');
    await as('default').options('/api/nothing').expect(404);
    const head = await as('default').head('/api/webhooks').expect(200);
    expect(head.text ?? '').toBe('');
  });

  it.each([
    ['text', 'text/plain', 'x', 415, 'unsupported_media_type'],
    ['a form', 'application/x-www-form-urlencoded', 'a=b', 415, 'unsupported_media_type'],
    ['another charset', 'application/json; charset=utf-16', '{}', 415, 'unsupported_media_type'],
    ['broken JSON', 'application/json', '{"a":', 400, 'malformed_json'],
    ['a comment in JSON', 'application/json', '{/**/}', 400, 'malformed_json'],
    ['a list', 'application/json', '[]', 400, 'validation_failed'],
    ['a scalar', 'application/json', '5', 400, 'validation_failed'],
    ['null', 'application/json', 'null', 400, 'validation_failed'],
    [
      'nesting without end',
      'application/json',
      `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      400,
      'malformed_json',
    ],
    [
      'nesting behind a string that ends in backslashes',
      'application/json',
      `{"a":"\\\\\\\\","b":${'['.repeat(300)}${']'.repeat(300)}}`,
      400,
      'malformed_json',
    ],
    // What is refused is the field: brackets in a string nest nothing.
    [
      'brackets behind an escaped quote',
      'application/json',
      `{"a":"\\\\\\"${'['.repeat(300)}"}`,
      400,
      'validation_failed',
    ],
    ['too much', 'application/json', `{"a":"${'x'.repeat(400_000)}"}`, 413, 'payload_too_large'],
  ])('to a body of %s is a refusal', async (_what, type, body, status, code) => {
    const call = as('default').post('/api/webhooks').set('Content-Type', type).send(body);
    expect(await refusal(call)).toMatchObject({ status, code });
  });

  it('to bytes that are not UTF-8, or compressed, or of no declared type, is a refusal', async () => {
    const send = (headers: Record<string, string>, body: Buffer) =>
      fetch(`${scene.origin}/api/webhooks`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${ADMIN_KEY}`, ...headers },
        body,
      });
    const json = { 'Content-Type': 'application/json' };
    expect((await send(json, Buffer.from('{"url":"\xff"}', 'latin1'))).status).toBe(400);
    expect((await send({ ...json, 'Content-Encoding': 'gzip' }, Buffer.from('{}'))).status).toBe(415);
    expect((await send({}, Buffer.from('{}'))).status).toBe(415);
  });

  it('to an endless upload comes while it is still being sent', async () => {
    const socket = connect(Number(new URL(scene.origin).port), '127.0.0.1');
    socket.on('error', () => undefined).setEncoding('utf8');
    socket.write(
      `POST /api/webhooks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const timer = setInterval(() => socket.write(`10000\r\n${' '.repeat(0x10000)}\r\n`), 1);
    const [answer] = (await once(socket, 'data')) as [string];
    clearInterval(timer);
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each(['/api/webhooks/%ff', '/api/webhooks/%', '/api/webhooks/%00', '/%ff', '/api/webhooks?cursor=%ff'])(
    'to the malformed address %s is 400',
    async (path) => {
      const answer = await scene.raw(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"malformed_url"');
    },
  );

  it.each([
    `1' OR '1'='1`,
    '{01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d}',
    UNKNOWN_ID.toUpperCase(),
    'null',
    '0',
    '-1',
    '[object Object]',
    'x'.repeat(400),
    '😀',
  ])('to the id %s is 404', async (id) => {
    for (const [method, path] of routesOf(encodeURIComponent(id)))
      expect(await refusal(as('default')[method](path))).toMatchObject({ status: 404, code: 'webhook_not_found' });
  });

  it('names every problem of a request by its path', async () => {
    const answer = await refusal(as('default').post('/api/webhooks').send({ events: [], timeoutMs: 1, extra: 1 }));
    expect(answer.details).toEqual(
      expect.arrayContaining([
        'property extra should not exist',
        'url must be a string',
        expect.stringMatching(/^events must be a list of 1 to 100/),
        'timeoutMs must not be less than 100',
      ]),
    );
    expect(answer.details).toHaveLength(4);
  });
});
