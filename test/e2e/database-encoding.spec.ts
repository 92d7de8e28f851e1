import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { urlOf } from '../setup/database.js';
import { startTestServer } from '../setup/server.js';

it('refuses a database that could not hold every body unchanged, and says what to do', async () => {
  const name = `latin_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(urlOf('postgres'));
  await client.connect();
  await client.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
  await client.end();
  await expect(startTestServer({ databaseUrl: urlOf(name) })).rejects.toThrow(/LATIN1.*UTF8/);
});
