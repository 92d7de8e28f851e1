// A tenant has no more than it may, whoever creates at the same moment, in whichever process.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { startTestServer } from '../setup/server.js';
import type { ApiAnswer, TestServer } from '../setup/server.js';

const HOOK = { url: 'https://93.184.215.14/hooks', events: ['*'] };

let server: TestServer;
let replica: TestServer;

beforeAll(async () => {
  const options = { encryptionKey: randomBytes(32).toString('base64'), maxWebhooks: 3, maxSources: 2 };
  server = await startTestServer(options);
  replica = await startTestServer({ ...options, databaseUrl: server.databaseUrl });
  await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
  await server.api('POST', '/api/tenants', { id: 'bolt', name: 'Bolt', maxWebhooks: 5, maxSources: 0 });
});
afterAll(async () => {
  await replica.close();
  await server.close();
});

type Made = ApiAnswer<{ id: string; code?: string }>;

const hook = (tenant: string, at = server): Promise<Made> => at.api('POST', '/api/webhooks', HOOK, { tenant });
const source = (tenant: string, name: string, at = server): Promise<Made> =>
  at.api('POST', '/api/sources', { name, provider: 'github', secrets: ['a secret'] }, { tenant });

const countsOf = (answers: readonly Made[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const what = `${status} ${body.code ?? ''}`.trim();
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
};

it('is not exceeded by creations at the same moment, over two processes', async () => {
  const both = Array.from({ length: 12 }, (_, index) => (index % 2 ? server : replica));
  const hooks = await Promise.all(both.map((at) => hook('acme', at)));
  expect(countsOf(hooks)).toEqual({ 201: 3, '409 quota_exceeded': 9 });
  const sources = await Promise.all(both.map((at, index) => source('acme', `s${index}`, at)));
  expect(countsOf(sources)).toEqual({ 201: 2, '409 quota_exceeded': 10 });
});

it('counts a tenant’s own, and what is deleted no more', async () => {
  expect((await hook('default')).status).toBe(201);
  const { body } = await server.api<{ data: { id: string }[] }>('GET', '/api/webhooks', undefined, { tenant: 'acme' });
  await server.api('DELETE', `/api/webhooks/${body.data[0]?.id}`, undefined, { tenant: 'acme' });
  expect((await hook('acme')).status).toBe(201);
  expect((await hook('acme')).body.code).toBe('quota_exceeded');
});

it('is what the tenant’s own says, where it has one', async () => {
  for (let made = 0; made < 5; made += 1) expect((await hook('bolt')).status).toBe(201);
  expect((await hook('bolt')).body.code).toBe('quota_exceeded');
  expect((await source('bolt', 'shop')).body.code).toBe('quota_exceeded');

  const raised = await server.api('PATCH', '/api/tenants/bolt', { maxWebhooks: 6, maxSources: null });
  expect(raised).toMatchObject({ status: 200, body: { maxWebhooks: 6, maxSources: null } });
  expect((await hook('bolt')).status).toBe(201);
  expect((await source('bolt', 'shop')).status).toBe(201);

  // A limit below what is there takes nothing away.
  await server.api('PATCH', '/api/tenants/bolt', { maxWebhooks: 1 });
  const list = await server.api<{ data: unknown[] }>('GET', '/api/webhooks', undefined, { tenant: 'bolt' });
  expect(list.body.data).toHaveLength(6);
  expect((await hook('bolt')).body.code).toBe('quota_exceeded');
});

it('does not refuse a repeat of what was made before', async () => {
  await server.api('POST', '/api/tenants', { id: 'last', name: 'Last', maxWebhooks: 1 });
  const how = { tenant: 'last', headers: { 'idempotency-key': 'the last place' } };
  const once = () => server.api('POST', '/api/webhooks', HOOK, how);
  const [first, second] = [await once(), await once()];
  expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id]);
});

it.each([-1, 1.5, 1_000_001, '5', true])('refuses a limit of %p', async (maxWebhooks) => {
  expect((await server.api('PATCH', '/api/tenants/bolt', { maxWebhooks })).status).toBe(400);
});
