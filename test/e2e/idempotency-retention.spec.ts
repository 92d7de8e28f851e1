// Answers that are remembered by key go once their window is over, however many there are.
import { it } from '@jest/globals';
import pg from 'pg';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';

it('deletes all that are past their window in one round, and no other', async () => {
  const { url: databaseUrl } = await cloneDatabase();
  const sql = new pg.Client(databaseUrl);
  await sql.connect();
  const addKeys = (many: number, name: string, expiresAt: string) =>
    sql.query(
      `INSERT INTO posthorn.idempotency_key (tenant_id, scope, key, request_hash, answer, expires_at)
       SELECT 'default', 'POST /api/events', $2 || n, '', '{}', ${expiresAt} FROM generate_series(1, $1::int) n`,
      [many, name],
    );
  await addKeys(12_000, 'old ', 'now()');
  await addKeys(10, 'live ', `now() + interval '1 day'`);
  const server = await startTestServer({ databaseUrl });
  try {
    const left = async (): Promise<number | null> => (await sql.query('SELECT FROM posthorn.idempotency_key')).rowCount;
    await eventually(async () => (await left()) === 10, 'what is past its window is gone');
  } finally {
    await server.close();
    await sql.end();
  }
});
