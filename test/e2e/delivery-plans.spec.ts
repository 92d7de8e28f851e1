// What delivering reads. Plans are made once per connection, and may be made while the tables are empty.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { Erasure } from '../../src/delivery/index.js';
import { claimText, namedClaimText } from '../../src/delivery/claim/claim.statements.js';
import { DueDeliveries } from '../../src/delivery/due-deliveries.js';
import { yesterdaysLowWater } from '../../src/delivery/low-water.js';
import { ReplaysRepository } from '../../src/delivery/replay/replays.repository.js';
import { settleText, settleValues } from '../../src/delivery/settle/settle.statements.js';
import { Sweeper } from '../../src/delivery/sweeper.js';
import { FIRST_ID, newId } from '../../src/kernel/ids.js';
import { Database, Partitions } from '../../src/platform/database/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { settlementOf } from '../setup/settlement.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';

const DAY_MS = 86_400_000;
const EVENTS = 60;
const BACKLOG = 20_000;

/** More than what is skipped at once. */
const WAITING = 600;

const partitionOf = (epochMs: number): string =>
  `delivery_${new Date(epochMs).toISOString().slice(0, 10).replaceAll('-', '')}`;

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

/** Deliveries of a new event as the table holds them, however few subscribe to it. */
async function insertDeliveries(
  scene: DeliveryScene,
  target: Target,
  status: string,
  count: number,
  { inLanes = false } = {},
): Promise<void> {
  const eventId = await scene.dispatch('nobody.listens');
  await scene.sql(
    `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, due_at, lane)
     SELECT (left($1::text, 18) || right(gen_random_uuid()::text, 18))::uuid, 'default', $1::uuid, $2, $3, $4, 1,
            CASE WHEN $4 = 'retrying' THEN now() + interval '1 day' END, CASE WHEN $6 THEN n END
     FROM generate_series(1, $5::int) AS n ORDER BY 1`,
    [eventId, target.type, target.webhookId, status, count, inLanes],
  );
}

const pause = (scene: DeliveryScene, { webhookId }: Target): Promise<unknown> =>
  scene.sql(
    `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since, paused_until)
     VALUES ($1, 'default', 1, now(), now() + interval '1 day')`,
    [webhookId],
  );

/** Tuples that scans of indexes have found among deliveries. */
const FOUND_DELIVERIES = `
  SELECT coalesce(sum(idx_tup_read), 0)::int AS read FROM pg_stat_user_indexes WHERE relname ~ '^delivery_(\\d|default)'`;

/** Rows of deliveries that were read, whichever way. */
const READ_DELIVERIES = `
  SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int AS read FROM pg_stat_user_tables WHERE relname ~ '^delivery_(\\d|default)'`;

/** Tuples that were read by going through a table of events or of deliveries. */
const READ_THROUGH = `
  SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables
  WHERE relname ~ '^(event|delivery)_(\\d|default)'`;

const WITHOUT_AUTOVACUUM = `
  DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT relid FROM pg_stat_user_tables WHERE relname ~ '^(event|delivery)_(\\d|default)' LOOP
      EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
    END LOOP;
  END $$`;

it('finds events and deliveries by their keys from the first one on, and never reads a table through', async () => {
  const scene = await openScene();
  // On a slow machine PostgreSQL may come to analyse them meanwhile, and rightly read through tables of a few rows.
  await scene.sql(WITHOUT_AUTOVACUUM);
  const target = await scene.target(receiver.url);
  const ids: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    ids.push(await target.send({ n }));
    await receiver.next();
  }
  for (const id of ids) expect(await scene.settled(id)).toMatchObject({ status: 'success' });
  // Often enough for each connection to have swept; the slow looks, one sweep in twenty, may read more.
  for (let n = 0; n < 12; n += 1) await scene.server.app.get(Sweeper, { strict: false }).sweep();
  expect(await counted(scene, READ_THROUGH)).toBe(0);
});

it('looks for what a webhook has due among what is due, where another has nearly all that there is', async () => {
  const scene = await openScene();
  const behind = await scene.target(receiver.url);
  const target = await scene.target(receiver.url);
  await pause(scene, behind);
  await insertDeliveries(scene, behind, 'pending', BACKLOG);
  await scene.sql('ANALYZE posthorn.delivery');
  await insertDeliveries(scene, target, 'success', BACKLOG);
  // What has a key waits in the table for a claim; other events may be claimed as they are stored.
  for (let n = 0; n < 10; n += 1) {
    await scene.server.api('POST', '/api/events', { event: target.type, data: { n }, idempotencyKey: `key-${n}` });
    await receiver.next();
  }
  expect(await counted(scene, FOUND_DELIVERIES)).toBeLessThan(BACKLOG);
});

it('claims and settles by plans for all values, which know no partition of the days before yesterday', async () => {
  const scene = await openScene();
  const partitions = scene.server.get(Partitions);
  for (let days = 1; days <= 30; days += 1) await partitions.makeAhead(Date.now() - days * DAY_MS);
  const database = scene.server.get(Database);
  const { webhookId } = await scene.target(receiver.url);
  const room = ['{}', '{}', 16, 512, 15_000, true];
  const low = `'${yesterdaysLowWater(Date.now())}'::uuid`;
  const statements = {
    settle: {
      text: settleText(database.tables, low),
      values: settleValues([settlementOf(newId(), { succeeds: true })], 0),
    },
    claim: { text: claimText(database.tables, low), values: [FIRST_ID, ...room] },
    'claim of those named': { text: namedClaimText(database.tables, low), values: [`{${webhookId}}`, ...room] },
  };
  const client = new pg.Client(scene.server.databaseUrl);
  await client.connect();
  for (const [name, { text, values }] of Object.entries(statements)) {
    for (let n = 0; n < 20; n += 1) await client.query({ name, text, values });
    const { rows: plans } = await client.query(
      'SELECT custom_plans::int AS custom FROM pg_prepared_statements WHERE name = $1',
      [name],
    );
    // PostgreSQL tries five of them before it decides.
    expect([name, plans]).toEqual([name, [{ custom: 5 }]]);
    const { rows: lines } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
    const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
    const read = new Set(plan.match(/\bdelivery_20\d{6}/g));
    expect([name, [...read].filter((partition) => partition < partitionOf(Date.now() - 2 * DAY_MS))]).toEqual([
      name,
      [],
    ]);
    expect([name, read.has(partitionOf(Date.now()))]).toEqual([name, true]);
  }
  await client.end();
  await scene.close();
});

it('skips what waits for a webhook, and does not read what it was sent before', async () => {
  const scene = await openScene();
  const target = await scene.target(receiver.url);
  await pause(scene, target);
  await insertDeliveries(scene, target, 'success', BACKLOG);
  await insertDeliveries(scene, target, 'retrying', WAITING);
  await insertDeliveries(scene, target, 'pending', WAITING);
  await scene.sql('ANALYZE posthorn.delivery');
  await scene.server.api('POST', `/api/webhooks/${target.webhookId}/disable`);
  await eventually(async () => {
    const [left] = await scene.sql(
      `SELECT FROM posthorn.delivery WHERE webhook_id = $1 AND status IN ('pending', 'retrying') LIMIT 1`,
      [target.webhookId],
    );
    return left === undefined;
  }, 'nothing waits any more');
  expect(await counted(scene, FOUND_DELIVERIES)).toBeLessThan(BACKLOG);
});

it('finds what attempts under way wrote of payloads erased since, and reads none of the rest', async () => {
  const scene = await openScene();
  const target = await scene.target(receiver.url);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    ids.push(await scene.dispatch(target.type, { n }));
    await scene.settled(await scene.deliveryOf(ids[n]!, target.webhookId));
  }
  await insertDeliveries(scene, target, 'success', BACKLOG);
  await scene.sql('ANALYZE posthorn.delivery');
  for (const id of ids) expect((await scene.server.api('DELETE', `/api/events/${id}/data`)).status).toBe(204);
  await scene.sql(`UPDATE posthorn.delivery_attempt SET response_body = 'late'`);
  await scene.server.get(Erasure).catchUp();
  const kept = await scene.sql('SELECT FROM posthorn.delivery_attempt WHERE response_body IS NOT NULL');
  expect(kept).toEqual([]);
  expect(await counted(scene, READ_THROUGH)).toBeLessThan(BACKLOG);
});

it('finds disabled webhooks with retries one by one, and does not read all that is retried', async () => {
  const scene = await openScene();
  const failing = await scene.target(receiver.url);
  const disabled = await scene.target(receiver.url);
  await scene.server.api('POST', `/api/webhooks/${disabled.webhookId}/disable`);
  await insertDeliveries(scene, failing, 'retrying', BACKLOG);
  await insertDeliveries(scene, disabled, 'retrying', WAITING);
  await scene.sql('ANALYZE posthorn.delivery');
  expect(await scene.server.get(DueDeliveries).disabledWithRetries()).toEqual([disabled.webhookId]);
  expect(await counted(scene, READ_DELIVERIES)).toBeLessThan(BACKLOG);
});

it('finds what an ordered webhook has due, where heads of very many lanes wait to be retried', async () => {
  const scene = await openScene();
  const target = await scene.target(receiver.url, { ordered: true });
  await insertDeliveries(scene, target, 'retrying', BACKLOG, { inLanes: true });
  await scene.sql('ANALYZE posthorn.delivery');
  for (let n = 0; n < 5; n += 1) {
    await scene.dispatch(target.type, { n });
    await receiver.next();
  }
  // Each claim goes past a thousand at most; there are a few for each of them.
  expect(await counted(scene, FOUND_DELIVERIES)).toBeLessThan(2 * BACKLOG);
});

/** Replays of one event to a webhook, each of which failed, as the table holds them. */
async function insertReplays(scene: DeliveryScene, target: Target, count: number): Promise<string> {
  const eventId = await scene.dispatch(target.type);
  const first = await scene.deliveryOf(eventId, target.webhookId);
  await scene.settled(first);
  await scene.sql(
    `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, replay_of, completed_at)
     SELECT (left($1::text, 15) || 'fff-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'default', $1::uuid, $2, $3, 'failed', $4, now()
     FROM generate_series(1, $5::int) AS n`,
    [eventId, target.type, target.webhookId, first, count],
  );
  await scene.sql('ANALYZE posthorn.delivery');
  return eventId;
}

it('shows the newest replays of an event, and does not read the rest', async () => {
  const scene = await openScene();
  const eventId = await insertReplays(scene, await scene.target(receiver.url), BACKLOG);
  for (let n = 0; n < 5; n += 1) {
    const { body } = await scene.server.api<{ deliveries: unknown[] }>('GET', `/api/events/${eventId}`);
    expect(body.deliveries).toHaveLength(250);
  }
  expect(await counted(scene, READ_DELIVERIES)).toBeLessThan(BACKLOG);
});

it('judges each of very many replays of an event by the one after it', async () => {
  const scene = await openScene();
  const target = await scene.target(receiver.url);
  await insertReplays(scene, target, BACKLOG);
  const asked = { since: new Date(Date.now() - DAY_MS).toISOString(), dryRun: true };
  const { body } = await scene.server.api('POST', `/api/webhooks/${target.webhookId}/replay`, asked);
  expect(body).toEqual({ count: 1 });
  expect(await counted(scene, READ_DELIVERIES)).toBeLessThan(5 * BACKLOG);
});

it('forgets replays that were finished long ago, and does not read those since', async () => {
  const scene = await openScene();
  const { webhookId } = await scene.target(receiver.url);
  await scene.sql(
    `INSERT INTO posthorn.replay (id, tenant_id, webhook_id, since_id, until_id, statuses, total, finished_at)
     SELECT gen_random_uuid(), 'default', $1, $1, $1, '{failed}', 0, now() - CASE n WHEN 1 THEN 365 ELSE 1 END * interval '1 day'
     FROM generate_series(1, $2::int) AS n`,
    [webhookId, BACKLOG],
  );
  await scene.sql('ANALYZE posthorn.replay');
  for (let n = 0; n < 5; n += 1) await scene.server.get(ReplaysRepository).deleteOld();
  expect(await scene.sql('SELECT count(*)::int AS left FROM posthorn.replay')).toEqual([{ left: BACKLOG - 1 }]);
  const read = `SELECT seq_tup_read::int AS read FROM pg_stat_user_tables WHERE relname = 'replay'`;
  // The test has read it through once, to count.
  expect(await counted(scene, read)).toBeLessThan(3 * BACKLOG);
});
