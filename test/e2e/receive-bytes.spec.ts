// The bytes that were signed are the bytes that are verified and stored, whatever they are and whatever the host does
// with other routes' bodies.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValidationPipe, VersioningType } from '@nestjs/common';
import { json, raw, text, urlencoded } from 'express';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { hmac } from '../../src/kernel/signatures/hmac.js';
import { cloneDatabase } from '../setup/database.js';
import { startShop } from './receive.harness.js';
import type { Shop, ShopOptions } from './receive.harness.js';
import { addSource, Rows } from './received-rows.harness.js';
import { post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

let databaseUrl: string;
let rows: Rows;

beforeAll(async () => {
  databaseUrl = (await cloneDatabase()).url;
  rows = new Rows(databaseUrl);
  await addSource(rows, { name: 'small', maxBodyBytes: 1_000 });
});
afterAll(() => rows?.end());

const jsonOf = (more: object = {}): string => stripeEvent('any.thing', more).body;

/** A new body of each kind: content type, other headers, bytes, and what is answered. */
const BODIES: Record<string, () => { headers: Record<string, string>; bytes: Buffer; chunk?: number; status: number }> =
  {
    'JSON with characters of four bytes': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.from(jsonOf({ text: 'żółw 🐢 \u2028 \\u00e9' })),
      status: 200,
    }),
    'JSON in UTF-16': () => ({
      headers: { 'content-type': 'application/json; charset=utf-16le' },
      bytes: Buffer.from(jsonOf(), 'utf16le'),
      status: 400,
    }),
    'a charset that does not exist': () => ({
      headers: { 'content-type': 'application/json; charset=nonsense' },
      bytes: Buffer.from(jsonOf()),
      status: 200,
    }),
    'a content type that is no such thing': () => ({
      headers: { 'content-type': 'application/json;;;=,' },
      bytes: Buffer.from(jsonOf()),
      status: 200,
    }),
    'no content type': () => ({ headers: {}, bytes: Buffer.from(jsonOf()), status: 200 }),
    'plain text': () => ({
      headers: { 'content-type': 'text/plain' },
      bytes: Buffer.from(`hello ${randomUUID()}`),
      status: 400,
    }),
    'a form': () => ({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      bytes: Buffer.from(`a=1&b=%20+&id=${randomUUID()}`),
      status: 400,
    }),
    'a cloud event': () => ({
      headers: { 'content-type': 'application/cloudevents+json' },
      bytes: Buffer.from(jsonOf()),
      status: 200,
    }),
    'malformed JSON': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.from(`{"id":"${randomUUID()}"`),
      status: 400,
    }),
    'bytes that are no text': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.from(randomUUID())]),
      status: 400,
    }),
    'a byte order mark': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(jsonOf())]),
      status: 200,
    }),
    'compressed bytes': () => ({
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      bytes: gzipSync(jsonOf()),
      status: 400,
    }),
    'a label of compression on plain bytes': () => ({
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      bytes: Buffer.from(jsonOf()),
      status: 200,
    }),
    'a multipart form': () => ({
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      bytes: Buffer.from(`--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n${randomUUID()}\r\n--x--\r\n`),
      status: 400,
    }),
    'chunks of one byte': () => ({
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      bytes: Buffer.from(jsonOf()),
      chunk: 1,
      status: 200,
    }),
    'two hundred kilobytes': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.from(jsonOf({ text: 'x'.repeat(200_000) })),
      status: 200,
    }),
    'members that shadow the prototype': () => ({
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.from(jsonOf().replace('{', '{"__proto__":{"polluted":true},')),
      status: 200,
    }),
    'nothing at all': () => ({ headers: { 'content-type': 'application/json' }, bytes: Buffer.alloc(0), status: 400 }),
  };

const signed = (bytes: Buffer): string => {
  const time = Math.floor(Date.now() / 1_000);
  return `t=${time},v1=${hmac('sha256', STRIPE_SECRET, `${time}.`, bytes).toString('hex')}`;
};

async function send(
  url: string,
  bytes: Buffer,
  headers: Record<string, string>,
  chunk?: number,
): Promise<number | undefined> {
  const request = httpRequest(url, { method: 'POST', headers, agent: false });
  if (chunk) for (let at = 0; at < bytes.length; at += chunk) request.write(bytes.subarray(at, at + chunk));
  request.end(chunk ? undefined : bytes);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

const everything = (app: Parameters<NonNullable<ShopOptions['prepare']>>[0]): void => {
  app.setGlobalPrefix('hooks');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
};

const HOSTS: Record<string, ShopOptions & { prefix?: string; shop?: string }> = {
  'a plain host': {},
  'a host with rawBody': { options: { rawBody: true } },
  'a host without body parser': { options: { bodyParser: false } },
  'a host with a prefix, versions in the URL and a validation pipe': {
    prepare: everything,
    prefix: '/hooks',
    shop: '/hooks/v1',
  },
  'a host with all of it and rawBody': {
    options: { rawBody: true },
    prepare: everything,
    prefix: '/hooks',
    shop: '/hooks/v1',
  },
  'a host that parses everything': {
    prepare: (app) => {
      app.use(json({ type: '*/*' }), urlencoded({ extended: true }), text({ type: '*/*' }), raw({ type: '*/*' }));
      app.useBodyParser('json', { limit: '10mb' });
    },
  },
  'a host with slow middleware': {
    prepare: (app) => {
      app.use((_request: unknown, _response: unknown, next: () => void) => setTimeout(next, 5));
    },
  },
};

describe.each(Object.entries(HOSTS))('in %s', (_, { prefix = '', shop: shopPrefix = '', ...options }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop(databaseUrl, options);
  });
  afterAll(() => shop?.app.close());

  it.each(Object.entries(BODIES))('%s: stored byte for byte', async (_name, make) => {
    const { headers, bytes, chunk, status } = make();
    const url = `${shop.url}${prefix}/webhooks/stripe`;
    expect(await send(url, bytes, { ...headers, 'stripe-signature': signed(bytes) }, chunk)).toBe(status);
    const stored = await rows.query('SELECT FROM posthorn.received_event WHERE body = $1', [bytes]);
    expect(stored).toHaveLength(1);
  });

  it('a body over the limit of its source is refused', async () => {
    const url = `${shop.url}${prefix}/webhooks/small`;
    const [fits, exceeds] = [1_000, 1_001].map((size) => Buffer.from(jsonOf({ x: '' }).padEnd(size)));
    expect(await send(url, fits as Buffer, { 'stripe-signature': signed(fits as Buffer) })).toBe(200);
    expect(await send(url, exceeds as Buffer, { 'stripe-signature': signed(exceeds as Buffer) })).toBe(413);
    const megabyte = Buffer.alloc(1_048_577);
    expect(await send(`${shop.url}${prefix}/webhooks/stripe`, megabyte, {})).toBe(413);
    expect(await send(`${shop.url}${prefix}/webhooks/github`, megabyte, {})).toBe(401);
  });

  it('a client that is still sending sees the refusal', async () => {
    for (let round = 0; round < 10; round++) {
      let sent = 0;
      // Twenty times the limit, and more than the sockets hold.
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => (++sent > 320 ? controller.close() : controller.enqueue(new Uint8Array(65_536))),
      });
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
      const answer = await fetch(`${shop.url}${prefix}/webhooks/stripe`, init);
      expect([answer.status, await answer.json()]).toEqual([413, { error: 'Payload too large' }]);
    }
  });

  it('the host’s own routes keep their parsed bodies', async () => {
    if (options.options?.bodyParser === false) return;
    for (const path of ['/shop/webhooks/1', '/webhooks/legacy']) {
      const answer = await post(shop.url + shopPrefix + path, '{"a":1}', { 'content-type': 'application/json' });
      expect(answer).toMatchObject({ status: 201, body: { body: { a: 1 } } });
    }
  });

  it('the answers keep their shape', async () => {
    const { body } = stripeEvent('payment.made');
    const url = `${shop.url}${prefix}/webhooks/default/stripe`;
    expect((await post(url, body, stripeHeaders(body))).body).toEqual({ status: 'processed' });
    expect((await post(url, body)).body).toEqual({ error: 'Invalid signature' });
  });
});
