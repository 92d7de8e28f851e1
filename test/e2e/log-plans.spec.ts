// What a page of the log reads: rows of its own tenant, whatever another has stored since.
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { copyWebhook } from '../setup/many-webhooks.js';
import { startTestServer } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

/** Of each tenant. Whoever walked all rows by their ids would read so many of the other's before the first of the own ones. */
const STORED = 10_000;

/** Webhooks of one tenant. Whoever asked each of them by itself would scan more often than that. */
const WEBHOOKS = 500;

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

/** Events with a delivery each, a millisecond apart, to these webhooks in turns. */
const insertHistory = (
  client: pg.Client,
  { tenantId, webhookIds, fromMs, is }: { tenantId: string; webhookIds: readonly string[]; fromMs: number; is: object },
): Promise<unknown> =>
  client.query(
    `WITH history AS (SELECT id, $4::uuid[] AS webhooks, n::int FROM unnest($3::uuid[]) WITH ORDINALITY AS h (id, n)), events AS (
       INSERT INTO posthorn.event (id, tenant_id, type, data, occurred_at)
       SELECT id, $1, 'order.paid', '{}', now() FROM history)
     INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, last_http_status, completed_at)
     SELECT id, $1, id, 'order.paid', webhooks[1 + n % cardinality(webhooks)], $2::json ->> 'status', ($2::json ->> 'attemptCount')::int,
            ($2::json ->> 'httpStatus')::int, ($2::json ->> 'completedAt')::timestamptz FROM history`,
    [tenantId, JSON.stringify(is), Array.from({ length: STORED }, (_, n) => lowestIdAt(fromMs + n)), webhookIds],
  );

const FAILED = { status: 'failed', attemptCount: 1, httpStatus: 503, completedAt: new Date() };
const PENDING = { status: 'pending', attemptCount: 0 };

/** Scans of indexes of deliveries. */
const scans = (url: string): Promise<number> =>
  onConnection(url, async (client) => {
    const { rows } = await client.query<{ scans: number }>(
      `SELECT coalesce(sum(idx_scan), 0)::int AS scans FROM pg_stat_user_indexes WHERE relname ~ '^delivery_(\\d|default)'`,
    );
    return rows[0]?.scans ?? NaN;
  });

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
    await insertHistory(client, {
      tenantId: 'default',
      webhookIds: [webhookId],
      fromMs: now - 2 * HOUR_MS,
      is: FAILED,
    });
    // From here on PostgreSQL takes nearly every row for one of the first tenant.
    await client.query('ANALYZE posthorn.event, posthorn.delivery');
    await insertHistory(client, { tenantId: 'later', webhookIds: [latersId], fromMs: now - HOUR_MS, is: FAILED });
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

it('shows what waits of a tenant with very many webhooks, and asks none of these by itself', async () => {
  const server = await startTestServer({ role: 'api', databasePool: 4 });
  const { id } = await server.webhook('http://127.0.0.1:9/hook', ['order.paid']);
  await onConnection(server.databaseUrl, async (client) => {
    await copyWebhook(client, id, WEBHOOKS);
    const { rows } = await client.query<{ id: string }>('SELECT id FROM posthorn.webhook');
    await insertHistory(client, {
      tenantId: 'default',
      webhookIds: rows.map((webhook) => webhook.id),
      fromMs: Date.now() - HOUR_MS,
      is: PENDING,
    });
  });
  const before = await scans(server.databaseUrl);
  const { body: page } = await server.api<{ data: unknown[] }>('GET', '/api/deliveries?status=pending&limit=250');
  const { body: stats } = await server.api<{ backlog: object }>('GET', '/api/stats');
  await server.close();
  expect(page.data).toHaveLength(250);
  expect(stats.backlog).toMatchObject({ pending: STORED });
  expect((await scans(server.databaseUrl)) - before).toBeLessThan(WEBHOOKS);
});
