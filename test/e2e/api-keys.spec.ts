// API keys as programs hold them: made, used, limited by their scopes, revoked on every replica, and never shown again.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { newApiKey } from '../../src/kernel/api-key.js';
import { SCOPES } from '../../src/platform/access/index.js';
import type { Scope } from '../../src/platform/access/index.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { openReplicas } from './replicas.harness.js';
import type { Replicas } from './replicas.harness.js';

const UNKNOWN_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

interface Key {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
  readonly createdBy: string;
  readonly lastUsedAt: string | null;
}

let server: TestServer;
let replica: TestServer;
let sql: pg.Client;
let close: Replicas['close'] | undefined;

beforeAll(async () => {
  ({ server, replica, sql, close } = await openReplicas());
});
afterAll(() => close?.());

async function make(scopes: readonly Scope[], more: object = {}, how: object = {}): Promise<Key> {
  const { status, body } = await server.api<Key>('POST', '/api/api-keys', { name: 'k', scopes, ...more }, how);
  expect([status, body]).toEqual([201, expect.objectContaining({ scopes })]);
  return body;
}

const statusWith = async (key: string, at = server): Promise<number> =>
  (await at.api('GET', '/api/webhooks', undefined, { key })).status;

/** What a route answers to a key. A body is read only where it is a refusal: there are routes whose answers do not end. */
async function knock(
  method: string,
  path: string,
  key: string,
): Promise<{ status: number; code?: string; challenge: string | null }> {
  const ended = new AbortController();
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(server.url + path, { method, headers, signal: ended.signal });
  const { status } = response;
  const { code } = status < 400 ? {} : ((await response.json()) as { code?: string });
  ended.abort();
  return { status, code, challenge: response.headers.get('www-authenticate') };
}

/** Every operation under /api, as OpenAPI documents it. */
async function routes(): Promise<{ method: string; path: string; requirement: string | undefined }[]> {
  const { body } = await server.api<{ paths: Record<string, Record<string, Record<string, string>>> }>(
    'GET',
    '/docs-json',
  );
  return Object.entries(body.paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path: path.replace(/\{\w+\}/g, UNKNOWN_ID),
        requirement: operation['x-required-scope'],
      })),
    );
}

describe('a key', () => {
  it('is shown once, and known to its own tenant alone', async () => {
    const { id, key, prefix, createdBy } = await make(['webhooks:write'], {}, { tenant: 'acme' });
    expect([key.startsWith(prefix), createdBy]).toEqual([true, 'admin']);
    const one = await server.api('GET', `/api/api-keys/${id}`, undefined, { tenant: 'acme' });
    const list = await server.api('GET', '/api/api-keys', undefined, { tenant: 'acme' });
    expect([one.status, list.status]).toEqual([200, 200]);
    expect(JSON.stringify([one.body, list.body])).not.toContain(key.slice(prefix.length));
    expect((await server.api('GET', `/api/api-keys/${id}`)).status).toBe(404);
  });

  it('is not shown again where its making is repeated, nor kept for that', async () => {
    const repeatable = { headers: { 'idempotency-key': 'a key in the ledger' } };
    const { id, key } = await make(['events:write'], {}, repeatable);
    const again = await server.api<Key>('POST', '/api/api-keys', { name: 'k', scopes: ['events:write'] }, repeatable);
    expect([again.status, again.body.id, again.body.key]).toEqual([201, id, undefined]);
    const { rows } = await sql.query<{ row: string }>(`SELECT i::text AS row FROM posthorn.idempotency_key i`);
    expect(rows.some(({ row }) => row.includes(id))).toBe(true);
    expect(rows.filter(({ row }) => row.includes(key) || row.includes(Buffer.from(key).toString('hex')))).toEqual([]);
  });

  it('that is revoked is not there any more, and refused at once where it was revoked', async () => {
    const { id, key } = await make(['webhooks:read']);
    expect(await statusWith(key)).toBe(200);
    expect((await server.api('DELETE', `/api/api-keys/${id}`)).status).toBe(204);
    expect(await statusWith(key)).toBe(401);
    expect((await server.api('GET', `/api/api-keys/${id}`)).status).toBe(404);
  });

  it('is not made of a time that is past', async () => {
    const past = { name: 'k', scopes: ['webhooks:read'], expiresAt: '2020-01-01' };
    expect(await server.api('POST', '/api/api-keys', past)).toMatchObject({
      status: 400,
      body: { code: 'expired_already' },
    });
  });

  it('says when it was last used, without any request waiting for that', async () => {
    const { id, key, lastUsedAt } = await make(['webhooks:read']);
    expect(lastUsedAt).toBeNull();
    await statusWith(key);
    const read = async () => (await server.api<Key>('GET', `/api/api-keys/${id}`)).body.lastUsedAt;
    const first = await eventually(read, 'the use is written');
    await sql.query(`UPDATE posthorn.api_key SET last_used_at = '2026-01-01Z' WHERE id = $1`, [id]);
    // Another replica's first use: older than a minute, so it is written; the first replica rests.
    await statusWith(key, replica);
    const second = await eventually(async () => {
      const at = await read();
      return at !== '2026-01-01T00:00:00.000Z' && at;
    }, 'the use at the other replica is written');
    expect(Date.parse(second)).toBeGreaterThanOrEqual(Date.parse(first));
  });

  it.each([
    'x',
    'ph_',
    'ph_0000000000000000000000000000000000000000000000000',
    newApiKey().reveal(),
    `${ADMIN_KEY}x`,
    'x'.repeat(4_000),
    'x'.repeat(8_000),
  ])('is refused alike when it is none: %.20s', async (key) => {
    const { status, body, headers } = await server.api('GET', '/api/webhooks', undefined, { key });
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(body).toEqual({ error: expect.any(String), code: 'unauthenticated', requestId: expect.any(String) });
  });
});

describe('a scope', () => {
  it('is declared by every route', async () => {
    const all = await routes();
    expect(all.length).toBeGreaterThan(30);
    const known = [...SCOPES, 'installation', 'caller'] as (string | undefined)[];
    expect(all.filter(({ requirement }) => !known.includes(requirement))).toEqual([]);
  });

  it('opens the routes that ask for it, and no others', async () => {
    const all = await routes();
    for (const scope of SCOPES.filter((each) => each !== 'admin')) {
      const { key } = await make([scope]);
      const readToo = scope.replace(':write', ':read');
      for (const { method, path, requirement } of all) {
        const { status, code, challenge } = await knock(method, path, key);
        const what = `${scope}: ${method} ${path}`;
        if (requirement === 'installation') expect([what, status, code]).toEqual([what, 404, 'route_not_found']);
        else if ([scope, readToo, 'caller'].includes(requirement ?? ''))
          // A link asks, besides, for whatever it is to open.
          expect([what, status === 401, challenge?.includes(`"${requirement}"`) ?? false]).toEqual([
            what,
            false,
            false,
          ]);
        else {
          expect([what, status, code]).toEqual([what, 403, 'insufficient_scope']);
          expect(challenge).toBe(`Bearer error="insufficient_scope", scope="${requirement}"`);
        }
      }
    }
  });

  it('admin opens all but what belongs to the installation', async () => {
    const all = await routes();
    const { key } = await make(['admin'], {}, { tenant: 'acme' });
    for (const { method, path, requirement } of all) {
      const { status } = await knock(method, path, key);
      const what = `${method} ${path}`;
      expect([what, [401, 403].includes(status)]).toEqual([what, false]);
      if (requirement === 'installation') expect(status).toBe(404);
    }
  });

  it('cannot be given by a key that does not have it', async () => {
    const { key, id } = await make(['keys:write', 'webhooks:write']);
    const attempt = (scopes: string[]) => server.api<Key>('POST', '/api/api-keys', { name: 'k', scopes }, { key });
    for (const scopes of [['events:write'], ['webhooks:read', 'admin'], ['sources:read', 'keys:write']])
      expect(await attempt(scopes)).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    const child = await attempt(['webhooks:read', 'keys:write']);
    expect([child.status, child.body.createdBy]).toEqual([201, `key:${id}`]);
  });

  it('does not outlive its maker’s key', async () => {
    const expiresAt = '2100-01-01T00:00:00.000Z';
    const { key } = await make(['keys:write'], { expiresAt });
    const attempt = (more: object) =>
      server.api('POST', '/api/api-keys', { name: 'k', scopes: ['keys:write'], ...more }, { key });
    expect(await attempt({})).toMatchObject({ status: 201, body: { expiresAt } });
    expect(await attempt({ expiresAt: '2099-01-01' })).toMatchObject({ status: 201 });
    expect(await attempt({ expiresAt: '2100-01-02' })).toMatchObject({ status: 400, body: { code: 'outlives_maker' } });
  });

  it('must be one that there is', async () => {
    for (const scopes of [[], ['root'], ['webhooks:read', 'webhooks:read'], 'admin', [1], undefined])
      expect(await server.api('POST', '/api/api-keys', { name: 'k', scopes })).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
  });
});
