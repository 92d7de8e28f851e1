// What opens the API for one tenant, a key of a program or the token of a link: for whom, until when, and what is kept of it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { newApiKey, newPortalToken } from '../../src/kernel/api-key.js';
import { eventually } from '../setup/eventually.js';
import type { TestServer } from '../setup/server.js';
import { openReplicas } from './replicas.harness.js';
import type { Replicas } from './replicas.harness.js';

const HOOK = { url: 'https://93.184.215.14/hooks', events: ['order.*'] };

interface Made {
  readonly id: string;
  readonly key?: string;
  readonly token?: string;
}

let server: TestServer;
let replica: TestServer;
let sql: pg.Client;
let close: Replicas['close'] | undefined;

beforeAll(async () => {
  ({ server, replica, sql, close } = await openReplicas());
});
afterAll(() => close?.());

const statusWith = async (key: string, at = server): Promise<number> =>
  (await at.api('GET', '/api/webhooks', undefined, { key })).status;

describe.each([
  {
    what: 'an API key',
    route: '/api/api-keys',
    asked: { name: 'k', scopes: ['webhooks:write'] },
    table: 'api_key',
    unknown: newApiKey,
  },
  {
    what: 'the token of a portal session',
    route: '/api/portal-sessions',
    asked: { sections: ['webhooks'] },
    table: 'portal_session',
    unknown: newPortalToken,
  },
])('$what', ({ route, asked, table, unknown }) => {
  async function make(tenant = 'acme'): Promise<{ id: string; key: string }> {
    const { status, body } = await server.api<Made>('POST', route, asked, { tenant });
    expect(status).toBe(201);
    return { id: body.id, key: body.key ?? body.token ?? '' };
  }
  const takeBack = async (id: string, tenant: string): Promise<number> =>
    (await server.api('DELETE', `${route}/${id}`, undefined, { tenant })).status;

  it('acts for its own tenant, and for no other', async () => {
    const [{ key }, others] = [await make(), await make('default')];
    const { body: webhook } = await server.api<{ id: string }>('POST', '/api/webhooks', HOOK, { key });
    const found = async (how: object): Promise<number> =>
      (await server.api('GET', `/api/webhooks/${webhook.id}`, undefined, how)).status;
    expect(await found({ key })).toBe(200);
    expect(await found({ tenant: 'acme' })).toBe(200);
    expect(await found({ key: others.key })).toBe(404);
    expect(await found({})).toBe(404);

    expect((await server.api('GET', '/api/webhooks', undefined, { key, tenant: 'acme' })).status).toBe(200);
    for (const tenant of ['default', 'nobody'])
      expect(await server.api('GET', '/api/webhooks', undefined, { key, tenant })).toMatchObject({
        status: 404,
        body: { code: 'tenant_not_found' },
      });
  });

  it('is refused by every replica once it is taken back, which its tenant alone may do', async () => {
    const { id, key } = await make();
    expect([await statusWith(key), await statusWith(key, replica)]).toEqual([200, 200]);
    expect(await takeBack(id, 'default')).toBe(404);
    expect(await takeBack(id, 'acme')).toBe(204);
    for (const at of [server, replica])
      await eventually(async () => (await statusWith(key, at)) === 401, 'it is refused');
    expect(await takeBack(id, 'acme')).toBe(404);
  });

  it('is refused once it has expired', async () => {
    const { id, key } = await make();
    expect(await statusWith(key)).toBe(200);
    await sql.query(`UPDATE posthorn.${table} SET expires_at = now() WHERE id = $1`, [id]);
    await eventually(async () => (await statusWith(key)) === 401, 'it is refused');
    expect(await statusWith(unknown().reveal())).toBe(401);
  });

  it('is in the database only as something that nobody can use', async () => {
    const { id, key } = await make();
    const { rows } = await sql.query<{ row: string }>(
      `SELECT r::text AS row FROM posthorn.${table} r UNION ALL SELECT a::text FROM posthorn.audit_log a`,
    );
    expect(rows.some(({ row }) => row.includes(id))).toBe(true);
    expect(rows.filter(({ row }) => row.includes(key) || row.includes(Buffer.from(key).toString('hex')))).toEqual([]);
  });
});
