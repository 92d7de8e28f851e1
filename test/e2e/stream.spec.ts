// GET /api/stream: what comes in, while it comes in, to those who may see it, whichever process took it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { lowestIdAt, newId } from '../../src/kernel/ids.js';
import { EventStream } from '../../src/platform/http/index.js';
import { MAX_TENANT_STREAMS, StreamService } from '../../src/inbound/stream/stream.service.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY, api, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import { stripeEvent } from './sender.harness.js';

/** One reader of a stream. */
class Reader {
  text = '';
  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    response.on('error', () => undefined);
  }

  /** Fulfils once the answer has begun: what comes in from then on must be seen. */
  static async open(url: string, headers: Record<string, string> = {}, query = ''): Promise<Reader> {
    const asked = request(`${url}/api/stream${query}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
      agent: false,
    });
    asked.on('error', () => undefined).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const reader = new Reader(response);
    readers.push(reader);
    return reader;
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  get ended(): boolean {
    return this.response.complete;
  }

  get events(): { id: string; event: string; data: Record<string, unknown> }[] {
    return [...this.text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(
      ([, id = '', event = '', data = '']) => ({
        id,
        event,
        data: JSON.parse(data) as Record<string, unknown>,
      }),
    );
  }

  get externalIds(): unknown[] {
    return this.events.map(({ data }) => data.externalId);
  }

  sees(externalId: string): Promise<unknown> {
    return eventually(() => this.externalIds.includes(externalId), `the stream has ${externalId}`);
  }

  close(): void {
    this.response.destroy();
  }
}

const readers: Reader[] = [];
let scene: Scene;
let shop: Shop;
let replica: Shop;

beforeAll(async () => {
  scene = await openScene([{ name: 'other' }, { name: 'stripe', tenant: 'acme' }]);
  ({ shop } = scene);
  replica = await startShop(scene.databaseUrl, { role: 'api' });
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});
afterAll(async () => {
  await replica?.app.close();
  await scene?.close();
});

/** Takes one webhook, and says what the sender calls it. */
async function take(at: Shop = shop, path?: string): Promise<string> {
  const { id, body } = stripeEvent('any.thing');
  await sendStripe(at, body, path);
  return id;
}

/** Stores a row as a process would whose clock or statement is late. Nobody hints at it. */
const insert = (id: string, externalId: string): Promise<unknown> =>
  scene.rows.query(
    `INSERT INTO posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
     VALUES ($1, 'default', $2, 'stripe', 'stripe', $3, 'a.b', 'unhandled', '{}', '')`,
    [id, newId(), externalId],
  );

describe('a reader', () => {
  it('sees what comes in from now on, once, as the list shows it', async () => {
    const before = await take();
    const reader = await Reader.open(shop.url);
    expect([reader.status, reader.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const [first, second] = [await take(), await take()];
    await reader.sees(second);
    expect(reader.externalIds).toEqual([first, second]);
    expect(reader.externalIds).not.toContain(before);
    const { body } = await api(shop, 'received-events?limit=1');
    const [listed] = (body as { data: { id: string }[] }).data;
    expect(reader.events[1]).toEqual({ id: listed?.id, event: 'received_event', data: listed });
  });

  it('sees what other processes take', async () => {
    const reader = await Reader.open(shop.url);
    const theirs = await take(replica);
    await reader.sees(theirs);
    const other = await Reader.open(replica.url);
    const ours = await take(shop);
    await Promise.all([reader.sees(ours), other.sees(ours)]);
  });

  it('sees what nobody hinted at, and what appears late, below others', async () => {
    const reader = await Reader.open(shop.url);
    const newer = await take();
    await reader.sees(newer);
    const late = lowestIdAt(Date.now() - 3_000).replace(/.{4}$/, 'abcd');
    await insert(late, 'late');
    await reader.sees('late');
    await take();
    expect(reader.externalIds.filter((id) => id === 'late' || id === newer)).toEqual([newer, 'late']);
  });

  it('sees one source where it asks for one, and never another tenant’s', async () => {
    const [all, other, acme] = await Promise.all([
      Reader.open(shop.url),
      Reader.open(shop.url, {}, '?source=other'),
      Reader.open(shop.url, { 'x-tenant': 'acme' }),
    ]);
    const theirs = await take(shop, '/webhooks/acme/stripe');
    const [ours, others] = [await take(), await take(shop, '/webhooks/other')];
    await Promise.all([all.sees(others), other.sees(others), acme.sees(theirs)]);
    expect(all.externalIds).toEqual([ours, others]);
    expect(other.externalIds).toEqual([others]);
    expect(acme.externalIds).toEqual([theirs]);
  });

  it('goes on after the id it got last, and misses nothing that came meanwhile', async () => {
    const reader = await Reader.open(shop.url);
    const first = await take();
    await reader.sees(first);
    reader.close();
    const missed: string[] = [];
    for (let n = 0; n < 60; n += 1) missed.push(await take());
    const again = await Reader.open(replica.url, { 'last-event-id': reader.events[0]?.id ?? '' });
    await again.sees(missed.at(-1) ?? '');
    expect(again.externalIds.filter((id) => missed.includes(id as string))).toEqual(missed);
    expect(again.externalIds).not.toContain(first);
  });

  it('may go on before it saw anything: the answer begins with a place to go on from', async () => {
    const reader = await Reader.open(shop.url);
    const place = await eventually(() => /^id: (.*)\n\n/m.exec(reader.text)?.[1], 'a place to go on from');
    reader.close();
    const missed = await take();
    await (await Reader.open(shop.url, { 'last-event-id': place })).sees(missed);
  });

  it('is refused without a key, with a key in the URL, for a source that is not there, for an id that is none', async () => {
    const refusal = async (query: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${shop.url}/api/stream${query}`, { headers });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    const admin = { authorization: `Bearer ${ADMIN_KEY}` };
    expect(await refusal('')).toEqual([401, 'unauthenticated']);
    expect(await refusal(`?key=${ADMIN_KEY}`)).toEqual([401, 'unauthenticated']);
    expect(await refusal('?key=1', admin)).toEqual([400, 'validation_failed']);
    expect(await refusal('?source=nobody', admin)).toEqual([404, 'source_not_found']);
    expect(await refusal('?source=other', { ...admin, 'x-tenant': 'acme' })).toEqual([404, 'source_not_found']);
    expect(await refusal('', { ...admin, 'last-event-id': 'x' })).toEqual([400, 'invalid_last_event_id']);
    const { body } = await api(shop, 'api-keys', { method: 'POST', body: { name: 'k', scopes: ['events:write'] } });
    const authorization = `Bearer ${(body as { key: string }).key}`;
    expect(await refusal('', { authorization })).toEqual([403, 'insufficient_scope']);
  });

  it('is one of so many of its tenant; there is room again when one leaves', async () => {
    const acme = { 'x-tenant': 'acme' };
    const open = await Promise.all(Array.from({ length: MAX_TENANT_STREAMS }, () => Reader.open(shop.url, acme)));
    expect(open.map(({ status }) => status)).toEqual(Array(MAX_TENANT_STREAMS).fill(200));
    const surplus = await Reader.open(shop.url, acme);
    expect([surplus.status, surplus.headers['retry-after']]).toEqual([429, '1']);
    expect((await Reader.open(shop.url)).status).toBe(200);
    open[0]?.close();
    await eventually(async () => (await Reader.open(shop.url, acme)).status === 200, 'there is room again');
  });

  it('may ask for the head alone', async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const { status } = await fetch(`${shop.url}/api/stream`, { method: 'HEAD', headers });
    expect(status).toBe(200);
  });
});

describe('a stream', () => {
  it('ends once its key is revoked, and says meanwhile that it lives', async () => {
    const make = { method: 'POST', body: { name: 'k', scopes: ['sources:read'] } };
    const key = (await api(shop, 'api-keys', make)).body as { id: string; key: string };
    const streams = shop.app.get(StreamService, { strict: false });
    const original = streams.stream.bind(streams);
    // Asked more often than by default; nothing else is another.
    streams.stream = (reading, response) => original({ ...reading, beatMs: 50 }, response);
    const reader = await Reader.open(shop.url, { authorization: `Bearer ${key.key}` });
    streams.stream = original;
    await eventually(() => reader.text.split('\n: here\n').length > 2, 'it says that it lives');
    expect(reader.ended).toBe(false);
    await fetch(`${shop.url}/api/api-keys/${key.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    await eventually(() => reader.ended, 'it ends');
  });

  it('keeps no process from stopping, whether its reader reads or not', async () => {
    const stopping = await startShop(scene.databaseUrl, { role: 'api' });
    const sockets: Socket[] = [];
    (stopping.app.getHttpServer() as HttpServer).on('connection', (socket: Socket) => sockets.push(socket));
    const reader = await Reader.open(stopping.url);
    // More than fits into the buffers of a connection that nobody reads from.
    await scene.rows.query(
      `INSERT INTO posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
       SELECT (left($1::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, 'acme', $1::uuid, 'stripe', 'stripe', repeat('x', 255),
         repeat('y', 255), 'unhandled', '{}', '' FROM generate_series(1, 15000) n`,
      [newId()],
    );
    const stalled = request(`${stopping.url}/api/stream`, {
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        'x-tenant': 'acme',
        'last-event-id': lowestIdAt(Date.now() - 60_000),
      },
      agent: false,
    });
    stalled.on('error', () => undefined).end();
    await once(stalled, 'response');
    let before = -1;
    await eventually(() => {
      const [unread] = sockets.filter(({ writableNeedDrain }) => writableNeedDrain);
      return unread !== undefined && before === (before = unread.bytesWritten - unread.writableLength);
    }, 'nothing more is taken');
    await stopping.app.close();
    expect(reader.ended).toBe(true);
    stalled.destroy();
  });

  it('waits for a reader that is slow, and holds no more than it has handed over', async () => {
    let stream: EventStream | undefined;
    const server = createServer((_request, response) => void (stream = new EventStream(response)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = request(`http://127.0.0.1:${port}/`, { agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const data = { text: 'x'.repeat(65_536) };
    let sent = 0;
    const sending = (async () => {
      for (; sent < 1_000; sent += 1) await stream?.send({ event: 'e', id: String(sent), data });
    })();
    // Sixty megabytes do not fit into the buffers of a connection.
    let before = -1;
    await eventually(() => before === (before = sent), 'nothing more is sent');
    expect(sent).toBeLessThan(900);
    response.resume();
    await sending;
    expect(sent).toBe(1_000);
    stream?.end();
    server.close();
    await once(server, 'close');
  });
});
