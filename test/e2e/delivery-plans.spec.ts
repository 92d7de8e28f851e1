// What delivering reads. Plans are made once per connection, and may be made while the tables are empty.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { Sweeper } from '../../src/delivery/sweeper.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

const EVENTS = 60;
const BACKLOG = 5_000;

let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await TestReceiver.start();
});
afterAll(() => receiver.close());

/** Few connections: each makes its plans early, and keeps them. */
const openScene = (): Promise<DeliveryScene> => DeliveryScene.open({ databasePool: 4 });

/** What PostgreSQL counted once every connection has told it what it read: when it closed, at the latest. */
async function counted(scene: DeliveryScene, text: string): Promise<number> {
  await scene.close();
  const client = new pg.Client(scene.server.databaseUrl);
  await client.connect();
  const { rows } = await client.query<{ read: number }>(text);
  await client.end();
  return rows[0]?.read ?? NaN;
}

it('finds events and deliveries by their keys from the first one on, and never reads a table through', async () => {
  const scene = await openScene();
  const target = await scene.target(receiver.url);
  const ids: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    ids.push(await target.send({ n }));
    await receiver.next();
  }
  for (const id of ids) expect(await scene.settled(id)).toMatchObject({ status: 'success' });
  // Often enough for each connection to have swept; the slow looks, one sweep in twenty, may read more.
  for (let n = 0; n < 12; n += 1) await scene.server.app.get(Sweeper, { strict: false }).sweep();
  const read = await counted(
    scene,
    `SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables WHERE relname ~ '^(event|delivery)_(\\d|default)'`,
  );
  expect(read).toBe(0);
});

it('looks for what a webhook has due among what is due, where another has nearly all that there is', async () => {
  const scene = await openScene();
  const behind = await scene.target(receiver.url);
  const target = await scene.target(receiver.url);
  await scene.sql(
    `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since, paused_until)
     VALUES ($1, 'default', 1, now(), now() + interval '1 day')`,
    [behind.webhookId],
  );
  const insert = (webhookId: string, status: string): Promise<unknown> =>
    scene.sql(
      `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count)
       SELECT (left($1::text, 18) || right(gen_random_uuid()::text, 18))::uuid, 'default', $1::uuid, $2, $3, $4, 1
       FROM generate_series(1, ${BACKLOG}) ORDER BY 1`,
      [lowestIdAt(Date.now()), target.type, webhookId, status],
    );
  await insert(behind.webhookId, 'pending');
  await scene.sql('ANALYZE posthorn.delivery');
  await insert(target.webhookId, 'success');
  // What has a key waits in the table for a claim; other events may be claimed as they are stored.
  for (let n = 0; n < 10; n += 1) {
    await scene.server.api('POST', '/api/events', { event: target.type, data: { n }, idempotencyKey: `key-${n}` });
    await receiver.next();
  }
  const read = await counted(
    scene,
    `SELECT coalesce(sum(idx_tup_read), 0)::int AS read FROM pg_stat_user_indexes WHERE relname ~ '^delivery_(\\d|default)'`,
  );
  expect(read).toBeLessThan(BACKLOG);
});
