// What receiving reads. Plans are made once per connection, and may be made while the tables are empty.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BulkReplayRepository } from '../../src/inbound/bulk-replay.repository.js';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { Database, TenantDatabase } from '../../src/platform/database/index.js';
import type { SqlExecutor, Statement } from '../../src/platform/database/index.js';
import { openScene, sendStripe } from './receive.harness.js';
import type { Scene } from './receive.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

const EVENTS = 60;

/** Rows that one statement looks at. */
const PART = 5_000;

let scene: Scene;
beforeAll(async () => {
  // It takes and runs, and looks for nothing of its own accord.
  scene = await openScene([], { role: 'api' });
});
afterAll(() => scene?.rows.end());

it('finds events, runs and the ledger by their keys from the first one on, and never reads a table through', async () => {
  const { shop, rows } = scene;
  for (let n = 0; n < EVENTS; n += 1) {
    const { body } = stripeEvent('payment.made');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
  }
  // Connections report what they read when they close, at the latest.
  await shop.app.close();
  const read = await rows.query(
    `SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables
     WHERE relname ~ '^(received_key$|(received_event|handler_run)_(\\d|default))'`,
  );
  expect(read).toEqual([{ read: 0 }]);
});

it('looks for what is to be replayed part by part, however little of it is wanted', async () => {
  const { shop, rows } = await openScene([], { role: 'api' });
  const startMs = Date.now() - 3_600_000;
  const count = 3 * PART;
  await rows.query(
    `INSERT INTO posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
     SELECT id, 'default', gen_random_uuid(), CASE n WHEN 1 THEN 'rare' ELSE 'often' END, 'stripe', n, 'a.b', 'failed', '{}', '{}'
     FROM unnest($1::uuid[]) WITH ORDINALITY AS i (id, n)`,
    [Array.from({ length: count }, (_, n) => lowestIdAt(startMs + n))],
  );
  const looked: number[] = [];
  const database = shop.app.get(Database);
  const explained: Pick<TenantDatabase, 'of'> = {
    of: (tenantId) => {
      const tenant = shop.app.get(TenantDatabase).of(tenantId);
      const explaining = (executor: SqlExecutor): SqlExecutor => ({
        query: async (statement, values) => {
          if (!statement.text.startsWith('SET')) looked.push(await rowsRead(executor, statement, values));
          return executor.query(statement, values);
        },
      });
      return { ...explaining(tenant), transaction: (work) => tenant.transaction((on) => work(explaining(on))) };
    },
  };
  const asked = { tenantId: 'default', since: new Date(startMs), until: new Date(), all: false };
  const repository = new BulkReplayRepository(database, explained as TenantDatabase);
  expect(await repository.find({ ...asked, source: 'rare' }, count)).toHaveLength(1);
  expect(looked.length).toBeGreaterThanOrEqual(3);
  // What is looked through, and the place where looking stopped.
  expect(Math.max(...looked)).toBeLessThanOrEqual(2 * PART);
  expect(await repository.find(asked, count)).toHaveLength(count);
  expect(await repository.find(asked, PART + 1)).toHaveLength(PART + 1);
  await shop.app.close();
  await rows.end();
});

/** Rows that the scans of a statement gave or left out. */
async function rowsRead(executor: SqlExecutor, { text }: Statement, values: readonly unknown[] = []): Promise<number> {
  const explain = { text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}` };
  const [row] = await executor.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(explain, values);
  const read = (node: PlanNode): number => {
    const own = 'Relation Name' in node ? node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) : 0;
    return (node.Plans ?? []).reduce((sum, each) => sum + read(each), own * node['Actual Loops']);
  };
  return read(row!['QUERY PLAN'][0].Plan);
}

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}
