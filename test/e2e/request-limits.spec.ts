// A caller, or a tenant, that asks too much is slowed down, and nobody else is.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const EVENT = { event: 'order.paid', data: {} };

let server: TestServer;

// So few a minute that none comes back while a test runs, even a slow one.
beforeAll(async () => {
  server = await startTestServer({ maxRequestsPerCaller: 3, maxRequestsPerTenant: 5 });
  for (const id of ['acme', 'bolt', 'cube']) await server.api('POST', '/api/tenants', { id, name: id });
});
afterAll(() => server.close());

const newKey = async (tenant: string): Promise<string> => {
  const key = { name: 'k', scopes: ['events:write'] };
  return (await server.api<{ key: string }>('POST', '/api/api-keys', key, { tenant })).body.key;
};

const send = (key: string, body: object = EVENT) => server.api('POST', '/api/events', body, { key });

const statuses = async (key: string, times: number): Promise<number[]> => {
  const seen: number[] = [];
  for (let time = 0; time < times; time += 1) seen.push((await send(key)).status);
  return seen;
};

it('slows down one key, and not another of the same tenant', async () => {
  const [busy, calm] = [await newKey('acme'), await newKey('acme')];
  expect(await statuses(busy, 4)).toEqual([202, 202, 202, 429]);
  expect(await statuses(calm, 2)).toEqual([202, 202]);
  const { status, headers, body } = await send(busy);
  expect([status, body.code]).toEqual([429, 'rate_limited']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
});

it('slows down a tenant, whichever keys it uses, and no other tenant', async () => {
  const keys = [await newKey('bolt'), await newKey('bolt'), await newKey('bolt')];
  const seen: number[] = [];
  for (const key of keys) seen.push(...(await statuses(key, 2)));
  expect(seen).toEqual([202, 202, 202, 202, 202, 429]);
  expect(await statuses(await newKey('cube'), 1)).toEqual([202]);
});

it('never slows down the administrator', async () => {
  for (let time = 0; time < 12; time += 1)
    expect((await server.api('POST', '/api/events', EVENT, { tenant: 'acme' })).status).toBe(202);
});

it('refuses before it reads: a body of any size makes no difference', async () => {
  const key = await newKey('cube');
  expect((await statuses(key, 4)).at(-1)).toBe(429);
  expect((await send(key, { event: 'x', data: { text: 'x'.repeat(400_000) } })).status).toBe(429);
});
