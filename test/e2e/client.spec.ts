// posthorn/client, against a real server: every route as the server describes it, and what programs do with it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PosthornApiError, PosthornClient } from '../../src/client/index.js';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const url = 'http://127.0.0.1:9/hook';

let server: TestServer;
let client: PosthornClient;

beforeAll(async () => {
  server = await startTestServer();
  client = new PosthornClient({ url: `${server.url}/`, key: ADMIN_KEY });
});
afterAll(() => server?.close());

it('is made from what the server says of itself now', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'posthorn-openapi-'));
  const file = path.join(folder, 'openapi.json');
  writeFileSync(file, await (await fetch(`${server.url}/docs-json`)).text());
  const args = ['scripts/generate-client.mjs', '--from', file, '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('the client', () => {
  it('makes, changes, finds and deletes', async () => {
    const made = await client.request('POST /api/webhooks', { body: { url, events: ['order.*'] } });
    expect(made.secret).toMatch(/^whsec_/);
    const at = { path: { id: made.id } };
    await client.request('PATCH /api/webhooks/{id}', { ...at, body: { description: 'ERP' } });
    expect(await client.request('GET /api/webhooks/{id}', at)).toMatchObject({ id: made.id, description: 'ERP' });
    expect(await client.request('DELETE /api/webhooks/{id}', at)).toBeUndefined();
    const gone = client.request('GET /api/webhooks/{id}', at);
    await expect(gone).rejects.toThrow(PosthornApiError);
    await expect(gone).rejects.toMatchObject({
      status: 404,
      code: 'webhook_not_found',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      details: [],
      retryAfterSeconds: undefined,
    });
  });

  it('sends once, however often it is asked, under one key', async () => {
    const event = { body: { event: 'order.paid', data: { total: 7 } } };
    const [first, again] = [
      await client.request('POST /api/events', event, { idempotencyKey: 'order-1' }),
      await client.request('POST /api/events', event, { idempotencyKey: 'order-1' }),
    ];
    expect(again).toEqual(first);
    expect(await client.request('POST /api/events', event)).not.toEqual(first);
  });

  it('goes through a list of any length, and no further than it is followed', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1)
      ids.unshift((await client.request('POST /api/webhooks', { body: { url, events: [`list.n${n}`] } })).id);
    const found: string[] = [];
    for await (const { id } of client.all('GET /api/webhooks', { query: { limit: 2 } })) found.push(id);
    expect(found.slice(0, 5)).toEqual(ids);
    const asked: string[] = [];
    const counting = new PosthornClient({
      url: server.url,
      key: ADMIN_KEY,
      fetch: (input, init) => {
        asked.push(new Request(input, init).url);
        return fetch(input, init);
      },
    });
    for await (const { id } of counting.all('GET /api/webhooks', { query: { limit: 2 } })) if (id === ids[0]) break;
    expect(asked).toEqual([`${server.url}/api/webhooks?limit=2`]);
  });

  it('acts for a tenant, and is told why it may not', async () => {
    await client.request('POST /api/tenants', { body: { id: 'acme', name: 'Acme' } });
    const acme = new PosthornClient({ url: server.url, key: ADMIN_KEY, tenant: 'acme' });
    expect((await acme.request('GET /api/webhooks')).data).toEqual([]);
    const stranger = new PosthornClient({ url: server.url, key: 'ph_stranger' });
    await expect(stranger.request('GET /api/webhooks')).rejects.toMatchObject({ status: 401, code: 'unauthenticated' });
    const wrong = client.request('POST /api/webhooks', { body: { url, events: [] } });
    await expect(wrong).rejects.toMatchObject({ status: 400, details: [expect.stringContaining('events')] });
  });

  it('knows what each route takes and answers', () => {
    const typed = async (): Promise<void> => {
      // @ts-expect-error: a webhook has a URL
      await client.request('POST /api/webhooks', { body: { events: ['*'] } });
      // @ts-expect-error: which webhook?
      await client.request('GET /api/webhooks/{id}');
      // @ts-expect-error: there is no such route
      await client.request('GET /api/nothing');
      // @ts-expect-error: it is no list
      client.all('GET /api/webhooks/{id}', { path: { id: '1' } });
      // @ts-expect-error: there is no such status
      await client.request('GET /api/deliveries', { query: { status: 'lost' } });
    };
    expect(typed).toBeInstanceOf(Function);
  });
});
