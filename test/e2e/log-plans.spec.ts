// What a page of the log reads: rows of its own tenant, whatever another has stored since.
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { DeliveryScene } from './delivery.harness.js';

/** Of each tenant. Whoever walked all rows by their ids would read so many of the other's before the first of the own ones. */
const STORED = 10_000;

const HOUR_MS = 3_600_000;

/** Runs `work` on a connection of its own. What it read is counted by PostgreSQL once it is closed, at the latest. */
async function onConnection<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Events with a failed delivery each, a millisecond apart. */
const insertHistory = (client: pg.Client, tenantId: string, webhookId: string, fromMs: number): Promise<unknown> =>
  client.query(
    `WITH history AS (SELECT * FROM unnest($3::uuid[]) AS id), events AS (
       INSERT INTO posthorn.event (id, tenant_id, type, data, occurred_at)
       SELECT id, $1, 'order.paid', '{}', now() FROM history)
     INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, last_http_status, completed_at)
     SELECT id, $1, id, 'order.paid', $2, 'failed', 1, 503, now() FROM history`,
    [tenantId, webhookId, Array.from({ length: STORED }, (_, n) => lowestIdAt(fromMs + n))],
  );

/** Rows of events and deliveries that were read, whichever way. */
const rowsRead = (url: string): Promise<number> =>
  onConnection(url, async (client) => {
    const { rows } = await client.query<{ read: number }>(
      `SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int AS read FROM pg_stat_user_tables
       WHERE relname ~ '^(event|delivery)_(\\d|default)'`,
    );
    return rows[0]?.read ?? NaN;
  });

it('shows the newest of a tenant who has most of what is stored, and reads nothing of one who came later', async () => {
  const scene = await DeliveryScene.open({ databasePool: 4 });
  const { server } = scene;
  await server.api('POST', '/api/tenants', { id: 'later', name: 'Later' });
  const webhookOf = async (tenant: string): Promise<string> =>
    (await server.webhook('http://127.0.0.1:9/hook', ['order.paid'], {}, tenant)).id;
  const [webhookId, latersId] = [await webhookOf('default'), await webhookOf('later')];
  const now = Date.now();
  await onConnection(server.databaseUrl, async (client) => {
    await insertHistory(client, 'default', webhookId, now - 2 * HOUR_MS);
    // From here on PostgreSQL takes nearly every row for one of the first tenant.
    await client.query('ANALYZE posthorn.event, posthorn.delivery');
    await insertHistory(client, 'later', latersId, now - HOUR_MS);
  });
  const before = await rowsRead(server.databaseUrl);
  const since = new Date(now - 3 * HOUR_MS).toISOString();
  for (const question of [
    'deliveries?',
    `deliveries?since=${since}`,
    `deliveries?webhookId=${webhookId}`,
    'deliveries?status=failed',
    'deliveries?httpStatus=503',
    'events?',
    `events?since=${since}`,
  ]) {
    const { body } = await server.api<{ data: unknown[] }>('GET', `/api/${question}`);
    expect([question, body.data.length]).toEqual([question, 50]);
  }
  await scene.close();
  expect((await rowsRead(server.databaseUrl)) - before).toBeLessThan(STORED);
});
