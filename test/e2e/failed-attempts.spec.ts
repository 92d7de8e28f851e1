// Whoever tries keys is held back before the database hears of it; whoever had a right one goes on, from the same address too.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { newApiKey } from '../../src/kernel/api-key.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const MAX = 5;

let server: TestServer;
let sql: pg.Client;
let key: string;

beforeAll(async () => {
  server = await startTestServer({ maxAuthFailures: MAX, trustProxy: true });
  sql = new pg.Client(server.databaseUrl);
  await sql.connect();
  key = await newKey();
});
afterAll(async () => {
  await sql.end();
  await server.close();
});

const newKey = async (): Promise<string> =>
  (await server.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes: ['webhooks:read'] })).body.key;

const ask = (token: string, address: string) =>
  server.api('GET', '/api/webhooks', undefined, { key: token, headers: { 'x-forwarded-for': address } });

const exhaust = async (address: string): Promise<void> => {
  for (let time = 0; time < MAX; time += 1) expect((await ask(newApiKey().reveal(), address)).status).toBe(401);
};

it('answers 429 once an address has failed too often, without a look at the database', async () => {
  await exhaust('192.0.2.1');
  // Nobody can read the table: whoever looked a key up would wait for it.
  await sql.query('BEGIN');
  await sql.query('LOCK TABLE posthorn.api_key IN ACCESS EXCLUSIVE MODE');
  try {
    const { status, headers, body } = await ask(newApiKey().reveal(), '192.0.2.1');
    expect([status, body.code]).toEqual([429, 'too_many_attempts']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    await sql.query('ROLLBACK');
  }
});

it('lets go on whoever had a right key before, and not who only has a new one', async () => {
  expect((await ask(key, '192.0.2.2')).status).toBe(200);
  const unseen = await newKey();
  await exhaust('192.0.2.2');
  expect((await ask(key, '192.0.2.2')).status).toBe(200);
  expect((await ask(unseen, '192.0.2.2')).status).toBe(429);
  expect((await ask(unseen, '192.0.2.3')).status).toBe(200);
  // Now it was right, from wherever.
  expect((await ask(unseen, '192.0.2.2')).status).toBe(200);
});

it('does not count requests that lack a scope, a tenant or any key', async () => {
  for (let time = 0; time <= MAX; time += 1) {
    const from = { 'x-forwarded-for': '192.0.2.4' };
    expect((await server.api('GET', '/api/sources', undefined, { key, headers: from })).status).toBe(403);
    expect((await server.api('GET', '/api/webhooks', undefined, { tenant: 'nobody', headers: from })).status).toBe(404);
    expect((await fetch(`${server.url}/api/webhooks`, { headers: from })).status).toBe(401);
  }
  expect((await ask(newApiKey().reveal(), '192.0.2.4')).status).toBe(401);
});

it('does not believe an address that no trusted proxy gave', async () => {
  const direct = await startTestServer({ databaseUrl: server.databaseUrl, maxAuthFailures: MAX });
  try {
    const statuses: number[] = [];
    for (let time = 0; time <= MAX; time += 1) {
      const headers = { 'x-forwarded-for': `198.51.100.${time}` };
      statuses.push(
        (await direct.api('GET', '/api/webhooks', undefined, { key: newApiKey().reveal(), headers })).status,
      );
    }
    expect(statuses).toEqual([...Array<number>(MAX).fill(401), 429]);
  } finally {
    await direct.close();
  }
});
