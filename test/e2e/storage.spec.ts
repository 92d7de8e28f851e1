// How much of the log is kept, and what is past its retention, as the administrator is told.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../../src/kernel/clock.js';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { Database, Partitions, Retention } from '../../src/platform/database/index.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

interface Table {
  readonly table: string;
  readonly partitions: number;
  readonly oldestDay: string | null;
  readonly newestDay: string | null;
  readonly bytes: number;
  readonly pastRetention: number;
}

interface Answer {
  readonly retentionMs: number;
  readonly tables: readonly Table[];
}

const DAY_MS = 86_400_000;
const TABLES = ['event', 'delivery', 'delivery_attempt', 'received_event', 'handler_run'];
/** Far enough back that its day and the three that are made with it are past 30 days. */
const OLD = systemClock() - 40 * DAY_MS;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer({ retention: '30d' });
  // Its own rounds are over: what is dropped from here on is dropped by the test.
  await server.get(Retention).beforeApplicationShutdown();
  client = new pg.Client(server.databaseUrl);
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await server?.close();
});

const storage = async (): Promise<Answer> => {
  const { status, body } = await server.api<Answer>('GET', '/api/storage');
  expect(status).toBe(200);
  return body;
};
const tables = async (): Promise<Record<string, Table>> =>
  Object.fromEntries((await storage()).tables.map((each) => [each.table, each]));
const pastRetention = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await storage()).tables.map((each) => [each.table, each.pastRetention]));
const everywhere = (count: number) => Object.fromEntries(TABLES.map((table) => [table, count]));

/** Rounds as the server has them, one after the other: one gives up on a table that somebody happens to read. */
async function enforcedUntil(expected: Record<string, number>): Promise<void> {
  const { retentionMs } = await storage();
  const retention = new Retention(server.get(Database), { retentionMs });
  await eventually(async () => {
    await retention.enforce(systemClock());
    return JSON.stringify(await pastRetention()) === JSON.stringify(expected);
  }, 'what is past its retention is dropped, and no more');
}

const addEvent = (id: string, data: object) =>
  client.query(
    `insert into posthorn.event (id, tenant_id, type, occurred_at, data) values ($1, 'default', 'a.b', now(), $2)`,
    [id, data],
  );

describe('GET /api/storage', () => {
  it('says how many days of each table there are, from when to when, and what they take', async () => {
    const answer = await storage();
    expect(answer.retentionMs).toBe(30 * DAY_MS);
    expect(answer.tables.map(({ table }) => table)).toEqual(TABLES);
    for (const { table, ...told } of answer.tables) {
      const { rows } = await client.query<{ day: string }>(
        `select to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day
         from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = ('posthorn.' || $1)::regclass and c.relname not like '%default' order by 1`,
        [table],
      );
      expect(told).toMatchObject({
        partitions: rows.length,
        oldestDay: rows[0]?.day,
        newestDay: rows.at(-1)?.day,
        pastRetention: 0,
      });
      expect(told.bytes).toBeGreaterThan(0);
    }
  });

  it('counts what lies in a default partition among the bytes', async () => {
    const before = await tables();
    await addEvent(lowestIdAt(Date.parse('2099-01-01')), { noise: randomBytes(500_000).toString('base64') });
    const after = await tables();
    expect(after.event?.bytes).toBeGreaterThan((before.event?.bytes ?? 0) + 400_000);
    expect(after.event?.partitions).toBe(before.event?.partitions);
  });

  it('counts partitions that are past the retention until they are dropped', async () => {
    const before = await tables();
    await server.get(Partitions).makeAhead(OLD);
    expect(await pastRetention()).toEqual(everywhere(4));
    for (const each of Object.values(await tables())) {
      expect(each).toMatchObject({
        partitions: (before[each.table]?.partitions ?? 0) + 4,
        oldestDay: dayOf(OLD),
        newestDay: before[each.table]?.newestDay,
      });
    }
    await enforcedUntil(everywhere(0));
    for (const { table, partitions, oldestDay } of Object.values(await tables()))
      expect(before[table]).toMatchObject({ partitions, oldestDay });
  });

  it('goes on counting one in which a delivery still waits', async () => {
    await server.get(Partitions).makeAhead(OLD);
    const id = lowestIdAt(OLD + DAY_MS);
    await addEvent(id, {});
    await client.query(
      `insert into posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, due_at)
       values ($1, 'default', $1, 'a.b', $2, 'retrying', now() + interval '1 year')`,
      [id, randomUUID()],
    );
    await enforcedUntil({ ...everywhere(0), event: 1, delivery: 1, delivery_attempt: 1 });
    expect((await tables()).delivery?.oldestDay).toBe(dayOf(OLD + DAY_MS));

    await client.query(`update posthorn.delivery set status = 'failed' where id = $1`, [id]);
    await enforcedUntil(everywhere(0));
  });

  it('answers while a partition is dropped, and without it afterwards', async () => {
    await server.get(Partitions).makeAhead(OLD);
    await client.query('begin');
    await client.query(`drop table posthorn.event_${dayOf(OLD).replaceAll('-', '')}`);
    const answer = storage();
    const observer = new pg.Client(server.databaseUrl);
    await observer.connect();
    await eventually(async () => {
      const { rowCount } = await observer.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%pg_total_relation_size%'`,
      );
      return rowCount === 1;
    }, 'the question waits for the drop');
    await observer.end();
    await client.query('commit');
    expect((await answer).tables.map(({ table }) => table)).toEqual(TABLES);
    expect(await pastRetention()).toEqual({ ...everywhere(4), event: 3 });
  });

  it('is nobody’s but the administrator’s', async () => {
    const made = await server.api<{ key: string }>('POST', '/api/api-keys', { name: 'all', scopes: ['admin'] });
    const asTenant = await server.api('GET', '/api/storage', undefined, { key: made.body.key });
    expect(asTenant).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    expect((await fetch(`${server.url}/api/storage`)).status).toBe(401);
  });
});
