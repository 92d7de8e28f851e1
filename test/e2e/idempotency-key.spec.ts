// `Idempotency-Key` on every POST of the API: done once, answered alike, whichever replica is asked and however it ends.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { Database } from '../../src/platform/database/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

interface OpenApi {
  readonly paths: Record<string, { post?: { parameters?: { name: string; in: string }[] } }>;
}

type Body = Record<string, unknown>;

const KEYS = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

let scene: DeliveryScene;
/** A second server on the same database, in the middle of a change of the encryption key. */
let replica: DeliveryScene;
let receiver: TestReceiver;

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();
  scene = await DeliveryScene.open({ databaseUrl, encryptionKey: KEYS.join() });
  replica = await DeliveryScene.open({ databaseUrl, encryptionKey: KEYS.toReversed().join() });
  receiver = await TestReceiver.start(200);
  await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(async () => {
  await receiver?.close();
  await replica?.close();
  await scene?.close();
});

const post = (path: string, body: Body, key: string, { at = scene, tenant = 'default' } = {}) =>
  at.server.api<Body>('POST', path, body, { tenant, headers: { 'idempotency-key': key } });

const webhook = async (more: Body = {}): Promise<string> =>
  (await scene.server.webhook(receiver.url, [`key.${randomUUID()}`], more)).id;

const countOf = async (table: string): Promise<number> =>
  Number((await scene.sql<{ count: string }>(`SELECT count(*) FROM posthorn.${table}`))[0]?.count);

/** A received event that came in some time ago and that no handler takes. */
async function receivedEvent(): Promise<string> {
  const id = newId();
  await scene.sql(
    `INSERT INTO posthorn.received_event
       (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body, received_at)
     VALUES ($1::uuid, 'default', $2, 'stripe', 'stripe', $1::text, 'x', 'unhandled', '[]', '', now())`,
    [id, newId()],
  );
  return id;
}

async function deliveredOnce(): Promise<string> {
  const target = await scene.target(receiver.url);
  const id = await target.send();
  await scene.settled(id);
  return id;
}

const since = '2026-01-01T00:00:00Z';
const url = 'https://93.184.215.14/hooks';

/** Every POST route but that of single events (dispatch-api.spec.ts): a request, and what there must be one more of. */
const ROUTES: Record<string, { path?: () => Promise<string>; body?: () => Body; makes?: string }> = {
  '/api/webhooks': { body: () => ({ url, events: ['a.b'] }), makes: 'webhook' },
  '/api/webhooks/{id}/secrets': {
    path: async () => `/api/webhooks/${await webhook()}/secrets`,
    makes: 'webhook_secret',
  },
  '/api/webhooks/{id}/enable': { path: async () => `/api/webhooks/${await webhook({ active: false })}/enable` },
  '/api/webhooks/{id}/disable': { path: async () => `/api/webhooks/${await webhook()}/disable` },
  '/api/webhooks/{id}/test': { path: async () => `/api/webhooks/${await webhook()}/test`, makes: 'event' },
  '/api/webhooks/{id}/test-filter': {
    path: async () => `/api/webhooks/${await webhook()}/test-filter`,
    body: () => ({ event: 'a.b', data: { n: 1 } }),
  },
  '/api/webhooks/{id}/test-transformation': {
    path: async () => `/api/webhooks/${await webhook()}/test-transformation`,
    body: () => ({ event: 'a.b', data: { n: 1 }, transformation: 'data' }),
  },
  '/api/webhooks/{id}/replay': {
    path: async () => `/api/webhooks/${await webhook()}/replay`,
    body: () => ({ since }),
    makes: 'replay',
  },
  '/api/encryption/re-encrypt': { makes: 'audit_log' },
  '/api/api-keys': { body: () => ({ name: 'CI', scopes: ['events:write'] }), makes: 'api_key' },
  '/api/portal-sessions': { body: () => ({ user: 'ada' }), makes: 'portal_session' },
  '/api/event-types/import': {
    body: () => ({ document: { openapi: '3.1.0', webhooks: { [`t.${randomUUID()}`]: { post: {} } } } }),
    makes: 'event_type',
  },
  '/api/event-types': { body: () => ({ name: `t.${randomUUID()}` }), makes: 'event_type' },
  '/api/tenants': { body: () => ({ id: `t-${randomUUID()}`, name: 'One' }), makes: 'tenant' },
  '/api/events/batch': {
    body: () => ({
      events: [
        { event: 'a.b', data: {} },
        { event: '..', data: {} },
      ],
    }),
    makes: 'event',
  },
  '/api/deliveries/{id}/retry': { path: async () => `/api/deliveries/${await deliveredOnce()}/retry` },
  '/api/sources': {
    body: () => ({ name: `s-${randomUUID()}`, provider: 'stripe', secrets: ['whsec_b25l'] }),
    makes: 'source',
  },
  '/api/sources/{name}/secrets': {
    path: async () => {
      const name = `s-${randomUUID()}`;
      await scene.server.api('POST', '/api/sources', { name, provider: 'stripe', secrets: ['whsec_b25l'] });
      return `/api/sources/${name}/secrets`;
    },
    body: () => ({ secret: 'whsec_dHdv' }),
    makes: 'source_secret',
  },
  '/api/received-events/replay': { body: () => ({ since }) },
  '/api/received-events/{id}/replay': { path: async () => `/api/received-events/${await receivedEvent()}/replay` },
};

/** What answers show once. */
const SHOWN_ONCE: Record<string, readonly string[]> = {
  '/api/webhooks': ['secret'],
  '/api/webhooks/{id}/secrets': ['secret'],
  '/api/api-keys': ['key'],
  '/api/portal-sessions': ['url', 'token'],
};

describe('the documented routes', () => {
  it('take the key on every POST, and all of them are tried below', async () => {
    const { paths } = (await scene.server.api<OpenApi>('GET', '/docs-json')).body;
    const posts = Object.entries(paths).filter(([path, { post }]) => post && path.startsWith('/api/'));
    const without = posts.filter(
      ([, { post }]) =>
        !post?.parameters?.some(({ name, in: place }) => place === 'header' && name === 'Idempotency-Key'),
    );
    expect(without.map(([path]) => path)).toEqual([]);
    const untried = posts.map(([path]) => path).filter((path) => path !== '/api/events' && !ROUTES[path]);
    expect(untried).toEqual([]);
  });
});

describe.each(Object.entries(ROUTES))('POST %s', (route, { path, body, makes }) => {
  it('repeated with its key is done once and answered alike, without secrets, by any replica', async () => {
    const [to, sent, key] = [path ? await path() : route, body?.() ?? {}, randomUUID()];
    const before = makes && (await countOf(makes));
    const first = await post(to, sent, key);
    expect(first).toMatchObject({ status: expect.any(Number) });
    expect(Math.floor(first.status / 100)).toBe(2);
    const shownOnce = SHOWN_ONCE[route] ?? [];
    expect(Object.keys(first.body)).toEqual(expect.arrayContaining([...shownOnce]));
    const rest = Object.fromEntries(Object.entries(first.body).filter(([field]) => !shownOnce.includes(field)));

    for (const at of [scene, replica]) {
      const again = await post(to, sent, key, { at });
      expect({ status: again.status, body: again.body }).toEqual({ status: first.status, body: rest });
    }
    if (makes) expect(await countOf(makes)).toBe(Number(before) + 1);
    expect(await post(to, { ...sent, other: 1 }, key)).toMatchObject({
      status: 409,
      body: { code: 'idempotency_mismatch' },
    });
  });
});

describe('a key', () => {
  it('used many times at once over two servers makes one webhook, and tells its secret once', async () => {
    const [key, before] = [randomUUID(), await countOf('webhook')];
    // Who has waited for 5 s is told to come again, as happens on a machine that is busy elsewhere.
    const answerOf = async (n: number): ReturnType<typeof post> => {
      const answer = await post('/api/webhooks', { url, events: ['a.b'] }, key, { at: n % 2 ? scene : replica });
      return answer.body.code === 'idempotency_in_progress' ? answerOf(n) : answer;
    };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => answerOf(n)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.body.secret !== undefined)).toHaveLength(1);
    expect(await countOf('webhook')).toBe(before + 1);
  });

  it('is another one for another tenant and for another route', async () => {
    const [key, request] = [randomUUID(), { url, events: ['a.b'] }];
    const first = await post('/api/webhooks', request, key);
    const foreign = await post('/api/webhooks', request, key, { tenant: 'acme' });
    expect(foreign.status).toBe(201);
    expect(foreign.body.id).not.toBe(first.body.id);
    expect((await post(`/api/webhooks/${String(first.body.id)}/disable`, {}, key)).status).toBe(202);
  });

  it('used for the same request to another webhook is refused, and changes nothing there', async () => {
    const [key, one, two] = [randomUUID(), await webhook(), await webhook()];
    expect((await post(`/api/webhooks/${one}/disable`, {}, key)).status).toBe(202);
    const other = await post(`/api/webhooks/${two}/disable`, {}, key);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
    expect(await scene.webhook(two)).toMatchObject({ active: true });
  });

  it('repeats the answer that was, whatever happened since', async () => {
    const [key, id] = [randomUUID(), await webhook()];
    const first = await post(`/api/webhooks/${id}/disable`, {}, key);
    await scene.server.api('POST', `/api/webhooks/${id}/enable`);
    expect((await post(`/api/webhooks/${id}/disable`, {}, key)).body).toEqual(first.body);
    expect(await scene.webhook(id)).toMatchObject({ active: true });
    await scene.server.api('DELETE', `/api/webhooks/${id}`);
    expect((await post(`/api/webhooks/${id}/disable`, {}, key)).status).toBe(202);
  });

  it('does not remember a refusal', async () => {
    const [key, name] = [randomUUID(), `s-${randomUUID()}`];
    const source = { name, provider: 'stripe', secrets: ['whsec_b25l'] };
    await scene.server.api('POST', '/api/sources', source);
    expect(await post('/api/sources', source, key)).toMatchObject({ status: 409, body: { code: 'source_exists' } });
    await scene.server.api('DELETE', `/api/sources/${name}`);
    expect((await post('/api/sources', source, key)).status).toBe(201);
  });

  it('that is none is refused', async () => {
    for (const key of ['', 'x'.repeat(256), 'é']) {
      const refused = await post('/api/webhooks', { url, events: ['a.b'] }, key);
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_idempotency_key' } });
    }
  });

  it('whose connection is lost between the work and its commit has done nothing, and may be used again', async () => {
    const [key, before] = [randomUUID(), await countOf('webhook')];
    await scene.sql(`
      CREATE FUNCTION posthorn.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
      CREATE TRIGGER cut BEFORE UPDATE ON posthorn.idempotency_key FOR EACH ROW EXECUTE FUNCTION posthorn.cut()`);
    expect((await post('/api/webhooks', { url, events: ['a.b'] }, key)).status).toBe(503);
    expect(await countOf('webhook')).toBe(before);
    await scene.sql('DROP FUNCTION posthorn.cut CASCADE');
    const made = await post('/api/webhooks', { url, events: ['a.b'] }, key);
    expect(made).toMatchObject({ status: 201, body: { secret: expect.any(String) } });
    expect(await countOf('webhook')).toBe(before + 1);
  });

  it('leaves neither the request nor a secret in the ledger', async () => {
    const [key, name, secret] = [randomUUID(), `s-${randomUUID()}`, 'a-password-of-this-test'];
    await post('/api/sources', { name, provider: 'stripe', secrets: [secret] }, key);
    const [row] = await scene.sql<{ text: string }>(
      'SELECT answer::text || encode(request_hash, $2) AS text FROM posthorn.idempotency_key WHERE key = $1',
      [key, 'escape'],
    );
    expect(row?.text).toContain(name);
    expect(row?.text).not.toContain(secret);
  });
});

it('takes no connection beside that of its transaction: batches that hold all there are wait for nothing else', async () => {
  const small = await DeliveryScene.open({ databasePool: 4, role: 'api' });
  // A tenant may hold one of four, and all tenants three.
  const tenants = ['acme', 'globex', 'initech'];
  for (const id of tenants) await small.server.api('POST', '/api/tenants', { id, name: id });
  let letGo = (): void => undefined;
  const fourth = small.server
    .get(Database)
    .transaction((executor) =>
      Promise.all([executor.query({ text: 'SELECT' }), new Promise<void>((resolve) => (letGo = resolve))]),
    );
  const client = new pg.Client(small.server.databaseUrl);
  await client.connect();
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO posthorn.idempotency_key (tenant_id, scope, key, request_hash, answer, expires_at)
     SELECT tenant, 'POST /api/events/batch', 'held', '', 'null', now() + interval '1 hour' FROM unnest($1::text[]) AS tenant`,
    [tenants],
  );
  const batch = { events: [{ event: 'key.batch', data: {} }] };
  const answers = tenants.map((tenant) => post('/api/events/batch', batch, 'held', { at: small, tenant }));
  await eventually(async () => {
    // Longer than anything that was looked up for them is believed.
    const [row] = await small.sql<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND now() - query_start > interval '1.5 seconds'`,
    );
    return row?.waiting === tenants.length;
  }, 'all hold a connection, and have waited for a while');
  await client.query('ROLLBACK');
  await client.end();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(tenants.map(() => 202));
  letGo();
  await fourth;
  await small.close();
});
