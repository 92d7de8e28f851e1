// Deleting a tenant: it is gone at once, and then so is every row that it had, in whichever table; nobody else loses one.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../../src/platform/database/index.js';
import { TenantErasures } from '../../src/registry/tenant-erasures.js';
import { TenantsRepository } from '../../src/registry/tenants.repository.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { gate } from './receive.harness.js';

let server: TestServer;
let sql: pg.Client;
let receiver: TestReceiver;

const options = { encryptionKey: randomBytes(32).toString('base64') };

beforeAll(async () => {
  receiver = await TestReceiver.start();
  server = await startTestServer(options);
  sql = new pg.Client(server.databaseUrl);
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await server.close();
  await receiver.close();
});

/** Every table with a column tenant_id; partitions are seen through their parents. What is in attempt_count moves on by itself. */
async function tables(): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'posthorn' AND column_name = 'tenant_id' AND table_name <> 'attempt_count'
       AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition) ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function countsOf(tenant: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await tables()) {
    const { rows } = await sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM posthorn.${table} WHERE tenant_id = $1`,
      [tenant],
    );
    counts[table] = rows[0]?.n ?? 0;
  }
  return counts;
}

const freshCounts = async (tenant: string): Promise<number> =>
  (await sql.query('SELECT FROM posthorn.attempt_count WHERE tenant_id = $1', [tenant])).rowCount ?? 0;

const total = async (tenant: string): Promise<number> =>
  Object.values(await countsOf(tenant)).reduce((sum, count) => sum + count, await freshCounts(tenant));

const VALUES: Record<string, string> = {
  uuid: `gen_random_uuid()`,
  text: `'x'`,
  bytea: `'\\x00'`,
  jsonb: `'{}'`,
  ARRAY: `'{}'`,
  boolean: 'false',
  'timestamp with time zone': 'now()',
};

/** A row in every table that has none of this tenant yet, made of the types of its columns. */
async function fill(tenant: string, known: Record<string, string>): Promise<void> {
  for (const [table, count] of Object.entries(await countsOf(tenant))) {
    if (count > 0) continue;
    const { rows } = await sql.query<{ name: string; type: string }>(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'posthorn' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL`,
      [table],
    );
    const values = rows.map(({ name, type }) => known[name] ?? VALUES[type] ?? '1');
    // The server may have written one of its own since they were counted.
    await sql.query(
      `INSERT INTO posthorn.${table} (${rows.map(({ name }) => name).join()}) VALUES (${values.join()}) ON CONFLICT DO NOTHING`,
    );
  }
}

/** A tenant with something in every table. */
async function settled(id: string): Promise<void> {
  if (id !== 'default') await server.api('POST', '/api/tenants', { id, name: id });
  const of = { tenant: id };
  const { body: webhook } = await server.api('POST', '/api/webhooks', { url: receiver.url, events: ['*'] }, of);
  const source = { name: 'shop', provider: 'github', secrets: ['a secret'], silentAfter: '7d' };
  const { body: made } = await server.api('POST', '/api/sources', source, of);
  await server.api('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] }, of);
  await server.api('POST', '/api/events', { event: 'a.b', data: {}, idempotencyKey: 'k' }, of);
  await receiver.next();
  await eventually(async () => {
    const { body } = await server.api<{ data: { status: string }[] }>('GET', '/api/deliveries', undefined, of);
    return body.data[0]?.status === 'success';
  }, 'the delivery succeeds');
  await eventually(async () => (await freshCounts(id)) === 0, 'the attempt is in the statistics');
  const known = { tenant_id: `'${id}'`, webhook_id: `'${String(webhook.id)}'`, source_id: `'${String(made.id)}'` };
  await fill(id, { ...known, status: `'failed'` });
}

/** As if the time in which late requests may come in were over. */
const letTimePass = (id: string) =>
  sql.query(`UPDATE posthorn.tenant SET deleted_at = now() - interval '2 minutes' WHERE id = $1`, [id]);

const isForgotten = async (id: string): Promise<boolean> =>
  (await sql.query('SELECT FROM posthorn.tenant WHERE id = $1', [id])).rowCount === 0;

describe('deleting a tenant', () => {
  it('erases its rows in every table, and nobody else’s', async () => {
    await settled('acme');
    await settled('default');
    const [theirs, others] = [await countsOf('acme'), await countsOf('default')];
    for (const [table, count] of Object.entries(theirs)) expect([table, count > 0]).toEqual([table, true]);
    expect(Object.keys(theirs).length).toBeGreaterThan(15);

    expect((await server.api('DELETE', '/api/tenants/acme')).status).toBe(202);
    await letTimePass('acme');
    await eventually(() => isForgotten('acme'), 'the tenant is forgotten');
    expect(await total('acme')).toBe(0);
    // One more: that of the deletion.
    expect(await countsOf('default')).toEqual({ ...others, audit_log: (others.audit_log ?? 0) + 1 });
  });

  it('erases its rows soon, though it came just after a look that found nothing to do', async () => {
    const own = await startTestServer();
    try {
      await own.api('POST', '/api/tenants', { id: 'unseen', name: 'Unseen' });
      const [looked, deleted] = [gate(), gate()];
      const tenants = own.get(TenantsRepository);
      const original = tenants.findDeleted.bind(tenants);
      // The next look comes to its end once the tenant is deleted; nothing else is another.
      tenants.findDeleted = async () => {
        tenants.findDeleted = original;
        const found = await original();
        looked.open();
        await deleted.opened;
        return found;
      };
      own.get(TenantErasures).look();
      await looked.opened;
      expect((await own.api('DELETE', '/api/tenants/unseen')).status).toBe(202);
      await own
        .get(Database)
        .query({ text: `UPDATE posthorn.tenant SET deleted_at = now() - interval '2 minutes' WHERE id = 'unseen'` });
      deleted.open();
      const left = () => own.get(Database).query({ text: `SELECT FROM posthorn.tenant WHERE id = 'unseen'` });
      await eventually(async () => (await left()).length === 0, 'the tenant is forgotten');
    } finally {
      await own.close();
    }
  });

  it('ends it at once: its keys, its routes, its sources; and its id can be taken again', async () => {
    await server.api('POST', '/api/tenants', { id: 'brief', name: 'Brief' });
    const of = { tenant: 'brief' };
    const { body } = await server.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] }, of);
    await server.api('POST', '/api/sources', { name: 'shop', provider: 'github', secrets: ['a secret'] }, of);
    expect((await server.api('DELETE', '/api/tenants/brief')).status).toBe(202);
    expect((await server.api('GET', '/api/webhooks', undefined, of)).status).toBe(404);
    expect((await server.api('GET', '/api/tenants/brief')).status).toBe(404);
    expect((await server.api('DELETE', '/api/tenants/brief')).status).toBe(404);
    const { body: list } = await server.api<{ data: { id: string }[] }>('GET', '/api/tenants?limit=250');
    expect(list.data.map(({ id }) => id)).not.toContain('brief');
    const statusWith = async () => (await server.api('GET', '/api/webhooks', undefined, { key: body.key })).status;
    await eventually(async () => (await statusWith()) === 401, 'its key is refused');
    const { status } = await fetch(`${server.url}/webhooks/brief/shop`, { method: 'POST', body: '{}' });
    expect(status).toBe(404);

    const again = () => server.api('POST', '/api/tenants', { id: 'brief', name: 'Again' });
    expect((await again()).body.code).toBe('tenant_exists');
    await letTimePass('brief');
    await eventually(async () => (await again()).status === 201, 'its id is free');
  });

  it('waits for what is being sent, and sends nothing more', async () => {
    await server.api('POST', '/api/tenants', { id: 'busy', name: 'Busy' });
    let answer: () => void = () => undefined;
    const slow = await TestReceiver.start((_request, response) => {
      answer = () => void (response.writableEnded || response.writeHead(200).end());
    });
    try {
      await server.api('POST', '/api/webhooks', { url: slow.url, events: ['*'], maxInFlight: 1 }, { tenant: 'busy' });
      for (let n = 0; n < 3; n += 1)
        await server.api('POST', '/api/events', { event: 'a.b', data: { n } }, { tenant: 'busy' });
      await slow.next();
      await server.api('DELETE', '/api/tenants/busy');
      await letTimePass('busy');
      await eventually(async () => (await countsOf('busy')).delivery === 1, 'all but the one in flight are erased');
      expect(await isForgotten('busy')).toBe(false);
      answer();
      await eventually(() => isForgotten('busy'), 'the tenant is forgotten');
      expect(await total('busy')).toBe(0);
      expect(slow.received).toHaveLength(1);
    } finally {
      answer();
      await slow.close();
    }
  });

  it('ends its links at once, and a key that it was still making, though their rows are there for as long as it sends', async () => {
    await server.api('POST', '/api/tenants', { id: 'late', name: 'Late' });
    const of = { tenant: 'late' };
    const { body: link } = await server.api<{ token: string }>('POST', '/api/portal-sessions', {}, of);
    const { body: late } = await server.api<{ key: string }>(
      'POST',
      '/api/api-keys',
      { name: 'k', scopes: ['admin'] },
      of,
    );
    const statusWith = async (key: string) => (await server.api('GET', '/api/webhooks', undefined, { key })).status;
    let answer: () => void = () => undefined;
    const slow = await TestReceiver.start((_request, response) => {
      answer = () => void (response.writableEnded || response.writeHead(200).end());
    });
    try {
      await server.api('POST', '/api/webhooks', { url: slow.url, events: ['*'] }, of);
      await server.api('POST', '/api/events', { event: 'a.b', data: {} }, of);
      await slow.next();
      expect(await statusWith(link.token)).toBe(200);
      await server.api('DELETE', '/api/tenants/late');
      await eventually(async () => (await statusWith(link.token)) === 401, 'its link is refused');
      // As if the request that made it had committed a moment later.
      await sql.query(`UPDATE posthorn.api_key SET revoked_at = NULL WHERE tenant_id = 'late'`);
      expect(await statusWith(late.key)).toBe(401);
      expect(await countsOf('late')).toMatchObject({ api_key: 1, portal_session: 1 });
    } finally {
      answer();
      await slow.close();
    }
    await letTimePass('late');
    await eventually(() => isForgotten('late'), 'the tenant is forgotten');
  });

  it('goes on with others where one cannot be forgotten', async () => {
    for (const id of ['stuck', 'free']) await server.api('POST', '/api/tenants', { id, name: id });
    await sql.query(`CREATE TABLE posthorn_contract (tenant text REFERENCES posthorn.tenant (id))`);
    await sql.query(`INSERT INTO posthorn_contract VALUES ('stuck')`);
    for (const id of ['stuck', 'free']) {
      expect((await server.api('DELETE', `/api/tenants/${id}`)).status).toBe(202);
      await letTimePass(id);
    }
    await eventually(() => isForgotten('free'), 'the other tenant is forgotten');
    expect(await isForgotten('stuck')).toBe(false);
    await sql.query('DROP TABLE posthorn_contract');
    await eventually(() => isForgotten('stuck'), 'the tenant is forgotten');
  });

  it('goes on in another process where one was stopped halfway', async () => {
    const first = await startTestServer({ ...options, databaseUrl: server.databaseUrl });
    await server.close();
    await first.api('POST', '/api/tenants', { id: 'large', name: 'Large' });
    await sql.query(
      `INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data)
       SELECT gen_random_uuid(), 'large', 'a.b', now(), '{}' FROM generate_series(1, 30000)`,
    );
    await first.api('DELETE', '/api/tenants/large');
    await eventually(async () => (await total('large')) < 30_000, 'it has begun');
    await first.close();
    expect(await total('large')).toBeGreaterThan(0);
    await letTimePass('large');
    server = await startTestServer({ ...options, databaseUrl: server.databaseUrl });
    await eventually(() => isForgotten('large'), 'the tenant is forgotten');
    expect(await total('large')).toBe(0);
  });

  it('is refused for the default tenant, for one that there is not, and to all but the administrator', async () => {
    expect(await server.api('DELETE', '/api/tenants/default')).toMatchObject({
      status: 409,
      body: { code: 'default_tenant' },
    });
    for (const id of ['nobody', 'NOBODY', '%00'])
      expect([400, 404]).toContain((await server.api('DELETE', `/api/tenants/${id}`)).status);
    const { body } = await server.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes: ['admin'] });
    expect((await server.api('DELETE', '/api/tenants/default', undefined, { key: body.key })).status).toBe(404);
  });
});
