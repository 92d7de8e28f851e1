// kill -9, again and again, while a tenant is erased: whoever comes next goes on, nothing of it is left, and nobody else loses
// a row.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';

const KEY = 'admin-key-of-this-test';
const EVENTS = 30_000;
const KILLS = 3;
/** Deletions take so long a statement until the last kill, so that each meets one under way, however quick the machine or slow the test is. */
const SLOW_SECONDS = 0.3;

let env: Record<string, string>;
let sql: pg.Client;
let server: ServerProcess | undefined;

beforeAll(async () => {
  await ensureBuiltOnce();
  const { url } = await cloneDatabase();
  sql = new pg.Client(url);
  await sql.connect();
  env = { DATABASE_URL: url, ADMIN_API_KEY: KEY, ENCRYPTION_KEY: randomBytes(32).toString('base64') };
});
afterAll(async () => {
  await server?.kill();
  await sql?.end();
});

async function start(): Promise<string> {
  server = new ServerProcess(env);
  return server.url();
}

const countOf = async (tenant: string): Promise<number> => {
  const { rows } = await sql.query<{ n: number }>(
    `SELECT (SELECT count(*) FROM posthorn.event WHERE tenant_id = $1)::int
          + (SELECT count(*) FROM posthorn.delivery WHERE tenant_id = $1)::int
          + (SELECT count(*) FROM posthorn.webhook WHERE tenant_id = $1)::int AS n`,
    [tenant],
  );
  return rows[0]!.n;
};

/** A tenant with a webhook, and with events that went to it. */
async function settle(url: string, tenant: string, events: number): Promise<void> {
  await call(url, KEY, 'POST', '/api/tenants', { id: tenant, name: tenant });
  // Ids of now: rows of random ids would be of all ages, and some past their retention.
  const ids = (): string[] => Array.from({ length: events }, () => newId());
  await sql.query(
    `WITH made AS (
       INSERT INTO posthorn.webhook (id, tenant_id, url, patterns) VALUES ($4, $1, 'https://shop.example', '{*}')
     ), stored AS (
       INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data)
       SELECT id, $1, 'a.b', now(), '{}' FROM unnest($2::uuid[]) AS e (id)
     )
     INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status)
     SELECT id, $1, event_id, 'a.b', $4, 'success' FROM unnest($3::uuid[], $2::uuid[]) AS d (id, event_id)`,
    [tenant, ids(), ids(), newId()],
  );
}

it(`is made good after ${KILLS} kills`, async () => {
  const url = await start();
  await settle(url, 'acme', EVENTS);
  await settle(url, 'other', 100);
  const others = await countOf('other');
  await sql.query(`
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(${SLOW_SECONDS}); RETURN NULL; END';
    CREATE TRIGGER slow BEFORE DELETE ON posthorn.delivery FOR EACH STATEMENT EXECUTE FUNCTION slow();
    CREATE TRIGGER slow BEFORE DELETE ON posthorn.event FOR EACH STATEMENT EXECUTE FUNCTION slow()`);
  expect((await call(url, KEY, 'DELETE', '/api/tenants/acme')).status).toBe(202);
  let left = 2 * EVENTS;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = left;
    left = await eventually(async () => {
      const now = await countOf('acme');
      return now < before && now;
    }, `the erasure goes on after ${kill} kills`);
    await server!.kill();
    expect(await countOf('acme')).toBeGreaterThan(0);
    await start();
  }
  await sql.query('DROP FUNCTION slow CASCADE');
  await sql.query(`UPDATE posthorn.tenant SET deleted_at = now() - interval '2 minutes' WHERE id = 'acme'`);
  await eventually(
    async () => (await sql.query(`SELECT FROM posthorn.tenant WHERE id = 'acme'`)).rowCount === 0,
    'the tenant is forgotten',
    { within: 240_000 },
  );
  expect([await countOf('acme'), await countOf('other')]).toEqual([0, others]);
});
