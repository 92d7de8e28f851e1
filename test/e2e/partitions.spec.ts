// Partitions of the big tables, one for each day, so that old rows can be dropped.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { Partitions } from '../../src/platform/database/index.js';
import { Database } from '../../src/platform/database/database.js';
import { Connections } from '../setup/connections.js';
import { cloneDatabase } from '../setup/database.js';

const DAY_MS = 86_400_000;

const PARTITION_KEYS: Record<string, string> = {
  delivery: 'id',
  delivery_attempt: 'delivery_id',
  event: 'id',
  handler_run: 'received_event_id',
  received_event: 'id',
};

const connections = new Connections();
afterAll(() => connections.close());

describe('partitions', () => {
  const NOON = Date.parse('2031-05-10T12:00:00Z');
  let client: pg.Client;
  let partitions: Partitions;
  beforeAll(async () => {
    const { url } = await cloneDatabase();
    client = await connections.connect(url);
    partitions = new Partitions(new Database(await connections.dataSource(url)));
  });

  const partitionsOf = async (table: string): Promise<string[]> => {
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = ('posthorn.' || $1)::regclass order by 1`,
      [table],
    );
    return rows.map(({ name }) => name);
  };
  const placeOf = async (table: string, key: string, id: string): Promise<string[]> => {
    const { rows } = await client.query<{ place: string }>(
      `select c.relname as place from posthorn.${table} t join pg_class c on c.oid = t.tableoid where t.${key} = $1`,
      [id],
    );
    return rows.map(({ place }) => place);
  };

  it('split the big tables by range of their UUID, with a default one for what was missed', async () => {
    const { rows } = await client.query<{ table: string; key: string; type: string; fallback: boolean }>(`
      select c.relname as table, a.attname as key, format_type(a.atttypid, a.atttypmod) as type, p.partdefid <> 0 as fallback
      from pg_partitioned_table p
      join pg_class c on c.oid = p.partrelid
      join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
      where c.relnamespace = 'posthorn'::regnamespace and p.partstrat = 'r' and p.partnatts = 1
      order by 1`);
    expect(rows).toEqual(
      Object.entries(PARTITION_KEYS).map(([table, key]) => ({ table, key, type: 'uuid', fallback: true })),
    );
  });

  it('have no foreign key pointing at their table: they could then not be dropped', async () => {
    const { rows } = await client.query(`
      select k.conname from pg_constraint k join pg_class c on c.oid = k.confrelid
      where k.contype = 'f' and (c.relkind = 'p' or c.relispartition)`);
    expect(rows).toEqual([]);
  });

  it('are made for today and the days to come, once, however many processes make them', async () => {
    await Promise.all([1, 2, 3].map(() => partitions.makeAhead(NOON)));
    for (const table of Object.keys(PARTITION_KEYS)) {
      expect(await partitionsOf(table)).toEqual([
        `${table}_20310510`,
        `${table}_20310511`,
        `${table}_20310512`,
        `${table}_20310513`,
        `${table}_default`,
      ]);
    }
  });

  it('hold the rows of their day, to the edge of midnight', async () => {
    for (const [at, place] of [
      [Date.parse('2031-05-11T00:00:00.000Z'), 'event_20310511'],
      [Date.parse('2031-05-11T23:59:59.999Z'), 'event_20310511'],
      [Date.parse('2031-05-12T00:00:00.000Z'), 'event_20310512'],
    ] as const) {
      const id = lowestIdAt(at);
      await insertEvent(client, id);
      expect(await placeOf('event', 'id', id)).toEqual([place]);
    }
  });

  it('take over from the default partition the rows of their day, and no others', async () => {
    const [early, late] = [lowestIdAt(NOON + 10 * DAY_MS), lowestIdAt(NOON + 20 * DAY_MS)];
    for (const id of [early, late]) {
      await insertEvent(client, id);
      await client.query(
        `insert into posthorn.delivery_attempt (delivery_id, number, tenant_id, started_at, duration_ms, outcome)
         values ($1, 1, 'default', now(), 5, 'success')`,
        [id],
      );
    }
    expect(await placeOf('event', 'id', early)).toEqual(['event_default']);

    await partitions.makeAhead(NOON + 10 * DAY_MS);
    expect(await placeOf('event', 'id', early)).toEqual(['event_20310520']);
    expect(await placeOf('delivery_attempt', 'delivery_id', early)).toEqual(['delivery_attempt_20310520']);
    expect(await placeOf('event', 'id', late)).toEqual(['event_default']);
    expect(await placeOf('delivery_attempt', 'delivery_id', late)).toEqual(['delivery_attempt_default']);
  });

  it('whose table is in use are left for later, and nobody waits for them meanwhile', async () => {
    const { url } = await cloneDatabase();
    const busy = new Partitions(new Database(await connections.dataSource(url)));
    const [holder, other] = [await connections.connect(url), await connections.connect(url)];
    await busy.makeAhead(NOON);
    await holder.query('begin; select from posthorn.event_default');
    // Longer than a busy machine needs; without end where somebody waited for the holder and let nobody past.
    await other.query(`set lock_timeout = '20s'`);
    let over = false;
    const made = busy.makeAhead(NOON + DAY_MS).finally(() => (over = true));
    let asked = 0;
    for (let n = 1; !over; n += 1) {
      // One that goes to a single partition, and one that is planned for all of them.
      await insertEvent(other, lowestIdAt(NOON + n));
      await other.query('select count(*) from posthorn.event');
      asked += 1;
    }
    expect(await made).toBe(false);
    expect(asked).toBeGreaterThan(0);
    const missing = async () =>
      (
        await other.query<{ name: string }>(
          `select name from unnest($1::text[]) name where to_regclass('posthorn.' || name || '_20310514') is null`,
          [Object.keys(PARTITION_KEYS)],
        )
      ).rows.map(({ name }) => name);
    expect(await missing()).toEqual(['event']);

    await holder.query('commit');
    expect(await busy.makeAhead(NOON + DAY_MS)).toBe(true);
    expect(await missing()).toEqual([]);
  });

  it('have the keys and indexes of their table', async () => {
    const indexes = async (table: string): Promise<string[]> => {
      const { rows } = await client.query<{ shape: string }>(
        `select regexp_replace(indexdef, '^.* USING', '') as shape from pg_indexes
         where schemaname = 'posthorn' and tablename = $1 order by 1`,
        [table],
      );
      return rows.map(({ shape }) => shape);
    };
    for (const table of Object.keys(PARTITION_KEYS))
      expect(await indexes(`${table}_20310510`)).toEqual(await indexes(table));
  });

  it('can be dropped', async () => {
    await client.query('drop table posthorn.delivery_20310511, posthorn.event_20310511');
    expect(await partitionsOf('event')).not.toContain('event_20310511');
  });
});

const insertEvent = (client: pg.Client, id: string): Promise<unknown> =>
  client.query(
    `insert into posthorn.event (id, tenant_id, type, occurred_at, data) values ($1, 'default', 'a.b', now(), '{}')`,
    [id],
  );
