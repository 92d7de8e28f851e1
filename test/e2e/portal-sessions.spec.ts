// Links that let a customer see a part of the dashboard: what they open and what not, for whom, and for how long.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

interface Session {
  readonly id: string;
  readonly url: string;
  readonly token: string;
  readonly expiresAt: string;
}

interface Me {
  readonly tenant: { id: string; name: string };
  readonly subject: string;
  readonly scopes: string[];
  readonly portal: { sections: string[]; theme: object } | null;
}

let server: TestServer;
let sql: pg.Client;

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

async function make(session: object = {}, how: object = { tenant: 'acme' }): Promise<Session> {
  const { status, body } = await server.api<Session>('POST', '/api/portal-sessions', session, how);
  expect([status, body]).toEqual([201, expect.objectContaining({ token: expect.stringMatching(/^pp_/) })]);
  return body;
}

const me = async (key: string): Promise<Me> => (await server.api<Me>('GET', '/api/me', undefined, { key })).body;

const statusOf = async (method: string, path: string, key: string, body?: object): Promise<number> =>
  (await server.api(method, path, body, { key })).status;

describe('a portal session', () => {
  it('is a link whose token stands behind the #, and says what the dashboard shows', async () => {
    const theme = { accent: '#0b6e4f', mode: 'dark' };
    const { url, token } = await make({ sections: ['webhooks'], user: 'ada', theme });
    expect(url).toBe(`${server.url}/dashboard/#token=${token}`);
    expect(await me(token)).toEqual({
      tenant: { id: 'acme', name: 'Acme' },
      subject: 'portal:ada',
      scopes: ['webhooks:read', 'event-types:read', 'webhooks:write'],
      installation: false,
      expiresAt: expect.stringMatching(/Z$/),
      portal: { sections: ['webhooks'], theme },
    });
  });

  it.each([
    ['overview', ['GET /api/deliveries', 'GET /api/webhooks'], ['POST /api/webhooks', 'GET /api/sources']],
    ['webhooks', ['GET /api/webhooks', 'GET /api/event-types'], ['GET /api/deliveries', 'POST /api/event-types']],
    ['deliveries', ['GET /api/deliveries', 'GET /api/webhooks'], ['POST /api/webhooks', 'GET /api/received-events']],
    ['event-types', ['GET /api/event-types'], ['GET /api/webhooks', 'POST /api/event-types']],
    ['received', ['GET /api/received-events', 'GET /api/sources'], ['POST /api/received-events/replay']],
  ])('opens %s and what that takes', async (section, open, closed) => {
    const { token } = await make({ sections: [section] });
    const answers = async (routes: readonly string[]): Promise<number[]> =>
      Promise.all(routes.map((route) => statusOf(...(route.split(' ') as [string, string]), token)));
    expect(await answers(open)).toEqual(open.map(() => 200));
    expect(await answers(closed)).toEqual(closed.map(() => 403));
    // Nobody makes keys, links or tenants with a link, nor reads what others did, nor sends.
    expect(await answers(['POST /api/api-keys', 'GET /api/audit-log', 'POST /api/events'])).toEqual([403, 403, 403]);
    expect(await answers(['POST /api/portal-sessions', 'GET /api/tenants'])).toEqual([403, 404]);
  });

  it('is of one tenant: whoever names another with it is told that there is none', async () => {
    const { token } = await make({ sections: ['webhooks'] });
    const naming = (tenant: string) =>
      server.api<{ code?: string }>('GET', '/api/webhooks', undefined, { key: token, tenant });
    expect((await naming('acme')).status).toBe(200);
    for (const tenant of ['default', 'nobody'])
      expect(await naming(tenant)).toMatchObject({ status: 404, body: { code: 'tenant_not_found' } });
  });

  it('that only shows changes nothing', async () => {
    const { token } = await make({ sections: ['webhooks', 'deliveries'], readOnly: true });
    const hook = { url: 'https://93.184.215.14/hooks', events: ['order.*'] };
    expect(await statusOf('GET', '/api/webhooks', token)).toBe(200);
    expect(await statusOf('POST', '/api/webhooks', token, hook)).toBe(403);
  });

  it('may do no more than the key that makes it, and ends no later', async () => {
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    const scopes = ['keys:write', 'deliveries:write', 'webhooks:read'];
    const { body } = await server.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes, expiresAt });
    const refused = await server.api('POST', '/api/portal-sessions', { sections: ['webhooks'] }, { key: body.key });
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    const session = await make({ sections: ['deliveries'], expiresIn: '24h' }, { key: body.key });
    expect(session.expiresAt).toBe(expiresAt);
  });

  it('that is over cannot be ended, and goes when the next one is made', async () => {
    const { id } = await make({ expiresIn: '1m' });
    await sql.query(`UPDATE posthorn.portal_session SET expires_at = now() WHERE id = $1`, [id]);
    const end = await server.api('DELETE', `/api/portal-sessions/${id}`, undefined, { tenant: 'acme' });
    expect(end).toMatchObject({ status: 404, body: { code: 'portal_session_not_found' } });
    await make();
    const { rows } = await sql.query('SELECT FROM posthorn.portal_session WHERE id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it.each([
    [{ sections: [] }],
    [{ sections: ['settings'] }],
    [{ sections: ['webhooks', 'webhooks'] }],
    [{ expiresIn: '59s' }],
    [{ expiresIn: '25h' }],
    [{ expiresIn: 3600 }],
    [{ user: '' }],
    [{ user: 'a\0' }],
    [{ theme: { accent: 'red' } }],
    [{ theme: { mode: 'dim' } }],
    [{ theme: { font: 'serif' } }],
    [{ theme: 'dark' }],
    [{ readOnly: 'no' }],
    [{ tenant: 'acme' }],
  ])('is not made of %j', async (session) => {
    expect((await server.api('POST', '/api/portal-sessions', session)).status).toBe(400);
  });
});

it('who asks is told what the key may do, whatever that is', async () => {
  const { body } = await server.api<{ id: string; key: string }>(
    'POST',
    '/api/api-keys',
    { name: 'k', scopes: ['events:write'] },
    { tenant: 'acme' },
  );
  const asked = await me(body.key);
  expect(asked).toMatchObject({ tenant: { id: 'acme' }, subject: `key:${body.id}`, scopes: ['events:write'] });
  expect(asked.portal).toBeNull();
  expect((await server.api('GET', '/api/me', undefined, { key: 'ph_none' })).status).toBe(401);
});
