// Who changed what: every changing route of the API leaves an entry, in the transaction of the change, without a secret.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { AuditLog, AuditRetention } from '../../src/platform/audit/index.js';
import { Database } from '../../src/platform/database/index.js';
import { startTestServer } from '../setup/server.js';
import type { ApiAnswer, TestServer } from '../setup/server.js';

const HOOK = { url: 'https://93.184.215.14/hooks/token-in-the-path?token=token-in-the-query', events: ['order.*'] };
const SOURCE = { name: 'shop', provider: 'github', secrets: ['the first secret of the source'] };
const HEADERS = { headers: { 'x-api-token': 'a token in a header' } };

/** What changes nothing that is configured: events are their own record, and to ask a filter is to read. */
const NO_CHANGES = [
  'POST /api/events',
  'POST /api/events/batch',
  'POST /api/webhooks/{id}/test-filter',
  'POST /api/webhooks/{id}/test-transformation',
];

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly changes: { field: string; before?: unknown; after?: unknown }[];
  readonly requestId: string;
  readonly address: string | null;
}

type Body = Record<string, unknown> & { id: string; secret?: string; key?: string; secrets: { id: string }[] };

let server: TestServer;
let sql: pg.Client;
const secrets: string[] = [SOURCE.secrets[0] as string, 'the second secret', 'a token in a header', 'token-in-the'];

beforeAll(async () => {
  server = await startTestServer();
  sql = new pg.Client(server.databaseUrl);
  await sql.connect();
  await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(async () => {
  await sql.end();
  await server.close();
});

const log = async (query = '', how: object = {}): Promise<Entry[]> => {
  const { status, body } = await server.api<{ data: Entry[] }>('GET', `/api/audit-log${query}`, undefined, how);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body.data;
};

const call = async (method: string, path: string, body?: unknown): Promise<ApiAnswer<Body>> => {
  const answer = await server.api<Body>(method, path, body);
  for (const secret of [answer.body?.secret, answer.body?.key]) if (secret) secrets.push(secret);
  return answer;
};

const hook = async (): Promise<Body> => (await call('POST', '/api/webhooks', HOOK)).body;

/** One event, and its one delivery that has ended: the webhook is disabled. */
async function skipped(): Promise<{ webhook: Body; event: string; delivery: string }> {
  const webhook = await hook();
  await call('POST', `/api/webhooks/${webhook.id}/disable`);
  const { body } = await call('POST', '/api/events', { event: 'order.paid', data: {}, webhookIds: [webhook.id] });
  const { body: one } = await server.api<{ deliveries: { id: string }[] }>('GET', `/api/events/${body.id}`);
  await call('POST', `/api/webhooks/${webhook.id}/enable`);
  return { webhook, event: body.id, delivery: one.deliveries[0]?.id as string };
}

async function received(): Promise<string> {
  const body = `{"n":${Math.random()}}`;
  const signature = createHmac('sha256', SOURCE.secrets[0] as string)
    .update(body)
    .digest('hex');
  const response = await fetch(`${server.url}/webhooks/shop`, {
    method: 'POST',
    body,
    headers: { 'x-hub-signature-256': `sha256=${signature}`, 'x-github-event': 'push', 'x-github-delivery': body },
  });
  expect(response.status).toBe(200);
  return (await server.api<{ data: { id: string }[] }>('GET', '/api/received-events')).body.data[0]?.id as string;
}

/** How each changing route is called, so that it changes something; and the entry that it must leave. */
const CHANGES: Record<string, [() => Promise<ApiAnswer<Body>>, string]> = {
  'POST /api/webhooks': [() => call('POST', '/api/webhooks', { ...HOOK, ...HEADERS }), 'webhook.created'],
  'PATCH /api/webhooks/{id}': [
    async () => call('PATCH', `/api/webhooks/${(await hook()).id}`, { description: 'x', ...HEADERS }),
    'webhook.updated',
  ],
  'DELETE /api/webhooks/{id}': [async () => call('DELETE', `/api/webhooks/${(await hook()).id}`), 'webhook.deleted'],
  'POST /api/webhooks/{id}/enable': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/enable`),
    'webhook.updated',
  ],
  'POST /api/webhooks/{id}/disable': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/disable`),
    'webhook.updated',
  ],
  'POST /api/webhooks/{id}/secrets': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/secrets`),
    'webhook.secret_rotated',
  ],
  'DELETE /api/webhooks/{id}/secrets/{secretId}': [
    async () => {
      const { id, secrets: made } = await hook();
      await call('POST', `/api/webhooks/${id}/secrets`);
      return call('DELETE', `/api/webhooks/${id}/secrets/${made[0]?.id}`);
    },
    'webhook.secret_retired',
  ],
  'POST /api/webhooks/{id}/test': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/test`),
    'webhook.tested',
  ],
  'POST /api/webhooks/{id}/replay': [
    async () => call('POST', `/api/webhooks/${(await hook()).id}/replay`, { since: '2026-01-01' }),
    'webhook.replayed',
  ],
  'DELETE /api/events/{id}/data': [
    async () => call('DELETE', `/api/events/${(await skipped()).event}/data`),
    'event.data_erased',
  ],
  'POST /api/deliveries/{id}/retry': [
    async () => call('POST', `/api/deliveries/${(await skipped()).delivery}/retry`),
    'delivery.retried',
  ],
  'POST /api/sources': [() => call('POST', '/api/sources', { ...SOURCE, relay: false }), 'source.created'],
  'PATCH /api/sources/{name}': [() => call('PATCH', '/api/sources/shop', { relay: true }), 'source.updated'],
  'POST /api/sources/{name}/secrets': [
    () => call('POST', '/api/sources/shop/secrets', { secret: 'the second secret' }),
    'source.secret_added',
  ],
  'DELETE /api/sources/{name}/secrets/{secretId}': [
    async () => {
      const { body } = await call('GET', '/api/sources/shop');
      return call('DELETE', `/api/sources/shop/secrets/${body.secrets[0]?.id}`);
    },
    'source.secret_retired',
  ],
  'POST /api/received-events/{id}/replay': [
    async () => call('POST', `/api/received-events/${await received()}/replay`, { all: true }),
    'received_event.replayed',
  ],
  'POST /api/received-events/replay': [
    () => call('POST', '/api/received-events/replay', { since: '2026-01-01', source: 'shop' }),
    'received_events.replayed',
  ],
  'POST /api/encryption/re-encrypt': [() => call('POST', '/api/encryption/re-encrypt'), 'encryption.renewed'],
  'DELETE /api/sources/{name}': [() => call('DELETE', '/api/sources/shop'), 'source.deleted'],
  'POST /api/event-types': [() => call('POST', '/api/event-types', { name: 'a.first' }), 'event_type.created'],
  'POST /api/event-types/import': [
    () =>
      call('POST', '/api/event-types/import', {
        document: { openapi: '3.1.0', webhooks: { 'a.fourth': { post: {} } } },
      }),
    'event_type.created',
  ],
  'PATCH /api/event-types/{name}': [
    async () => {
      await call('POST', '/api/event-types', { name: 'a.second' });
      return call('PATCH', '/api/event-types/a.second', { schema: { type: 'object' } });
    },
    'event_type.updated',
  ],
  'DELETE /api/event-types/{name}': [
    async () => {
      await call('POST', '/api/event-types', { name: 'a.third' });
      return call('DELETE', '/api/event-types/a.third');
    },
    'event_type.deleted',
  ],
  'POST /api/tenants': [() => call('POST', '/api/tenants', { id: 'bolt', name: 'Bolt' }), 'tenant.created'],
  'PATCH /api/tenants/{id}': [() => call('PATCH', '/api/tenants/bolt', { name: 'Bolt Ltd' }), 'tenant.updated'],
  'DELETE /api/tenants/{id}': [
    async () => {
      await call('POST', '/api/tenants', { id: 'gone', name: 'Gone' });
      return call('DELETE', '/api/tenants/gone');
    },
    'tenant.deleted',
  ],
  'POST /api/api-keys': [() => call('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] }), 'api_key.created'],
  'DELETE /api/api-keys/{id}': [
    async () => {
      const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] });
      return call('DELETE', `/api/api-keys/${body.id}`);
    },
    'api_key.revoked',
  ],
  'POST /api/portal-sessions': [
    async () => {
      const answer = await call('POST', '/api/portal-sessions', { user: 'ada' });
      secrets.push(answer.body.token as string);
      return answer;
    },
    'portal_session.created',
  ],
  'DELETE /api/portal-sessions/{id}': [
    async () => {
      const { body } = await call('POST', '/api/portal-sessions');
      return call('DELETE', `/api/portal-sessions/${body.id}`);
    },
    'portal_session.ended',
  ],
};

describe('the audit log', () => {
  it('is known to every route that changes something', async () => {
    const { body } = await server.api<{ paths: Record<string, object> }>('GET', '/docs-json');
    const changing = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => path.startsWith('/api/') && method !== 'get')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(changing.sort()).toEqual([...Object.keys(CHANGES), ...NO_CHANGES].sort());
  });

  it.each(Object.entries(CHANGES))('has an entry of %s', async (_, [change, action]) => {
    const { status, headers } = await change();
    expect(status).toBeLessThan(300);
    const [entry] = await log('?limit=1');
    expect(entry).toMatchObject({
      actor: 'admin',
      action,
      requestId: headers.get('x-request-id'),
      address: expect.stringContaining('127.0.0.1'),
      at: expect.stringMatching(/^2.*Z$/),
    });
  });

  it('holds no secret, wherever it may have been', async () => {
    const { rows } = await sql.query<{ row: string }>(`SELECT a::text AS row FROM posthorn.audit_log a`);
    expect(rows.length).toBeGreaterThan(Object.keys(CHANGES).length);
    expect(secrets.length).toBeGreaterThan(10);
    const text = rows.map(({ row }) => row).join('\n');
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it('tells what a field was and is, and of a URL only where it leads', async () => {
    const { id } = await hook();
    await call('PATCH', `/api/webhooks/${id}`, { events: ['a'], timeoutMs: 900, url: 'https://93.184.215.14/other' });
    const [updated, created] = await log(`?resource=${id}`);
    expect(updated?.changes).toEqual(
      expect.arrayContaining([
        { field: 'events', before: ['order.*'], after: ['a'] },
        { field: 'timeoutMs', before: null, after: 900 },
        { field: 'url' },
      ]),
    );
    expect(updated?.changes).toHaveLength(3);
    expect(created?.changes).toContainEqual({ field: 'origin', before: null, after: 'https://93.184.215.14' });
  });

  it('names the key that was used', async () => {
    const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['webhooks:write'] });
    await server.api('POST', '/api/webhooks', HOOK, { key: body.key as string, headers: { 'x-request-id': 'mine' } });
    const [entry] = await log('?limit=1');
    expect(entry).toMatchObject({ actor: `key:${body.id}`, action: 'webhook.created', requestId: 'mine' });
    expect(await log(`?actor=key:${body.id}`)).toHaveLength(1);
  });

  it('has nothing of what was refused or repeated', async () => {
    const before = await log('?limit=1');
    await call('POST', '/api/webhooks', { ...HOOK, url: 'nonsense' });
    await call('DELETE', '/api/webhooks/01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d');
    await call('PATCH', '/api/tenants/nobody', { name: 'x' });
    expect(await log('?limit=1')).toEqual(before);
    const once = () => server.api('POST', '/api/webhooks', HOOK, { headers: { 'idempotency-key': 'once' } });
    const [{ body }] = [await once(), await once()];
    expect(await log(`?resource=${String(body.id)}`)).toHaveLength(1);
  });

  it('is written with the change or not at all', async () => {
    await sql.query('ALTER TABLE posthorn.audit_log ADD CONSTRAINT nothing_fits CHECK (false) NOT VALID');
    try {
      const count = async () => (await sql.query('SELECT id FROM posthorn.webhook')).rowCount;
      const before = await count();
      expect((await call('POST', '/api/webhooks', HOOK)).status).toBe(500);
      expect(await count()).toBe(before);
    } finally {
      await sql.query('ALTER TABLE posthorn.audit_log DROP CONSTRAINT nothing_fits');
    }
  });

  it('is closed to other tenants and to whoever lacks the scope', async () => {
    await server.api('POST', '/api/webhooks', HOOK, { tenant: 'acme' });
    const theirs = await log('', { tenant: 'acme' });
    expect(theirs.map(({ action }) => action)).toEqual(['webhook.created']);
    expect(await log(`?resource=${theirs[0]?.resource}`)).toEqual([]);
    const { body } = await call('POST', '/api/api-keys', { name: 'k', scopes: ['webhooks:write', 'keys:write'] });
    const { status } = await server.api('GET', '/api/audit-log', undefined, { key: body.key as string });
    expect(status).toBe(403);
  });

  it('is read by time, action and page', async () => {
    expect(await log('?until=2026-01-01')).toEqual([]);
    const updates = await log('?since=2026-01-01&action=tenant.updated');
    expect(updates.map(({ resource }) => resource)).toEqual(['bolt']);
    const documented = ['id', 'at', 'actor', 'action', 'resource', 'changes', 'requestId', 'address'];
    for (const entry of [...updates, ...(await log())]) expect(Object.keys(entry)).toEqual(documented);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/api/audit-log?limit=7${cursor && `&cursor=${cursor}`}`;
      const { body } = await server.api<{ data: Entry[]; nextCursor: string | null }>('GET', path);
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual((await log('?limit=250')).map(({ id }) => id));
  });

  it('looks through so many for what no index knows, and the next page goes on from there', async () => {
    await server.api('POST', '/api/tenants', { id: 'busy', name: 'Busy' });
    const ids = Array.from({ length: 5_001 }, (_, n) => lowestIdAt(Date.now() + n));
    await sql.query(
      `INSERT INTO posthorn.audit_log (id, tenant_id, actor, action, resource, changes, request_id)
       SELECT id, 'busy', CASE n WHEN 1 THEN 'rare' ELSE 'often' END, CASE n WHEN 1 THEN 'a.rare' ELSE 'a.usual' END, 'r', '[]', n::text
       FROM unnest($1::uuid[]) WITH ORDINALITY AS i (id, n)`,
      [ids],
    );
    type Listed = { data: Entry[]; nextCursor: string | null };
    const page = async (query: string): Promise<Listed> =>
      (await server.api<Listed>('GET', `/api/audit-log${query}`, undefined, { tenant: 'busy' })).body;
    for (const filter of ['actor=rare', 'action=a.rare', 'resource=r&actor=rare&action=a.rare']) {
      const first = await page(`?${filter}`);
      expect([first.data, typeof first.nextCursor]).toEqual([[], 'string']);
      const second = await page(`?${filter}&cursor=${first.nextCursor}`);
      expect([second.data.map(({ id }) => id), second.nextCursor]).toEqual([[ids[0]], null]);
    }
    expect((await page('?resource=r&limit=2')).data.map(({ id }) => id)).toEqual([ids[5_000], ids[4_999]]);
    expect(await page('?resource=other')).toEqual({ data: [], nextCursor: null });
  });

  it('cannot be rewritten, and forgets what is past its retention', async () => {
    await expect(sql.query(`UPDATE posthorn.audit_log SET actor = 'nobody'`)).rejects.toThrow('never changed');
    const count = async () => (await sql.query('SELECT id FROM posthorn.audit_log')).rowCount;
    const retention = new AuditRetention(server.get(AuditLog), server.get(Database), { auditRetentionMs: 86_400_000 });
    const before = await count();
    await retention.enforce(Date.now());
    expect(await count()).toBe(before);
    await retention.enforce(Date.now() + 86_400_000 + 60_000);
    expect(await count()).toBe(0);
  });
});
