// The schema as migrations make it: by any number of processes at once, equal to what the entities say, and partitioned
// so that old rows can be dropped.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { dataSourceOptions } from '../../src/persistence.js';
import { Partitions, PosthornDataSource } from '../../src/platform/database/index.js';
import { Database } from '../../src/platform/database/database.js';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const DAY_MS = 86_400_000;

const PARTITION_KEYS: Record<string, string> = {
  delivery: 'id',
  delivery_attempt: 'delivery_id',
  event: 'id',
  handler_run: 'received_event_id',
  received_event: 'id',
};

const open: { end(): Promise<void> }[] = [];
afterAll(() => Promise.all(open.map((connection) => connection.end())));

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  open.push(client);
  return client;
}

async function emptyDatabase(): Promise<string> {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await (await connect(urlOf('postgres'))).query(`create database ${name}`);
  return urlOf(name);
}

/** Runs one of package.json's scripts against a database, as a deployment would. */
async function script(name: string, url: string): Promise<{ exitCode: number; output: string }> {
  const { scripts } = (await import('../../package.json', { with: { type: 'json' } })).default;
  const [command = '', ...args] = scripts[name as keyof typeof scripts].split(' ');
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd: root,
      env: { ...process.env, DATABASE_URL: url },
    });
    return { exitCode: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, output: stdout + stderr };
  }
}

describe('migrations', () => {
  it('run by three processes at once on an empty database, all succeed and are applied once', async () => {
    const url = await emptyDatabase();
    const runs = await Promise.all([1, 2, 3].map(() => script('migration:run', url)));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const { rows } = await (await connect(url)).query<{ name: string }>('select name from posthorn.migration');
    const { migrations } = dataSourceOptions({ url });
    expect(rows.map(({ name }) => name)).toEqual((migrations as (new () => unknown)[]).map(({ name }) => name));
  });

  it('wait for a table that somebody reads, and let everybody else have it meanwhile', async () => {
    const { url } = await cloneDatabase();
    const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
    open.push({ end: () => dataSource.destroy() });
    const names = async () =>
      (await dataSource.query<{ name: string }[]>('select name from posthorn.migration order by id')).map(
        ({ name }) => name,
      );
    const before = await names();
    await dataSource.query('alter table posthorn.delivery drop column transformed_format');
    await dataSource.query(`delete from posthorn.migration where name = 'TransformedFormat1764000002740'`);
    const [reader, other] = [await connect(url), await connect(url)];
    await reader.query('begin; lock table posthorn.delivery in access share mode');

    Logger.overrideLogger(false);
    const migrated = dataSource.runMigrations();
    const waits = `select from pg_locks where relation = 'posthorn.delivery'::regclass and mode = 'AccessExclusiveLock' and not granted`;
    await eventually(async () => (await other.query(waits)).rowCount, 'the migration waits for its lock');
    // Longer than the migration waits, and than a busy machine needs; without end where the migration has no end to its waiting.
    await other.query(`set lock_timeout = '20s'`);
    expect((await other.query('select count(*) from posthorn.delivery')).rowCount).toBe(1);
    expect(await names()).not.toContain('TransformedFormat1764000002740');

    await reader.query('commit');
    expect((await migrated).map(({ name }) => name)).toEqual(['TransformedFormat1764000002740']);
    Logger.overrideLogger(['log', 'warn', 'error']);
    expect((await names()).sort()).toEqual(before.sort());
    await dataSource.query('select transformed_format from posthorn.delivery');
  });

  it('leave nothing for the entities to ask for', async () => {
    const { exitCode, output } = await script('migration:check', (await cloneDatabase()).url);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  });

  it('are found wanting where a column has drifted', async () => {
    const { url } = await cloneDatabase();
    await (await connect(url)).query('alter table posthorn.delivery_attempt alter column error type varchar(10)');
    const { exitCode, output } = await script('migration:check', url);
    expect({ exitCode, names: output.includes('"delivery_attempt"') }).toEqual({ exitCode: 1, names: true });
  });

  it('say which variable is missing', async () => {
    const { exitCode, output } = await script('migration:run', '');
    expect(exitCode).not.toBe(0);
    expect(output).toContain('DATABASE_URL must say which PostgreSQL to migrate.');
  });
});

describe('the schema', () => {
  let client: pg.Client;
  beforeAll(async () => {
    client = await connect((await cloneDatabase()).url);
  });

  it('has a tenant in every table', async () => {
    const { rows } = await client.query<{ table: string }>(`
      select c.relname as table from pg_class c
      where c.relnamespace = 'posthorn'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
      order by 1`);
    expect(rows.map(({ table }) => table)).toEqual(['migration', 'tenant']);
  });

  it('partitions the big tables by range of their UUID, with a default partition for what was missed', async () => {
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

  it('lets no foreign key point at a partitioned table, whose partitions could then not be dropped', async () => {
    const { rows } = await client.query(`
      select k.conname from pg_constraint k join pg_class c on c.oid = k.confrelid
      where k.contype = 'f' and (c.relkind = 'p' or c.relispartition)`);
    expect(rows).toEqual([]);
  });
});

describe('partitions', () => {
  const NOON = Date.parse('2031-05-10T12:00:00Z');
  let client: pg.Client;
  let partitions: Partitions;
  beforeAll(async () => {
    const { url } = await cloneDatabase();
    client = await connect(url);
    const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
    open.push({ end: () => dataSource.destroy() });
    partitions = new Partitions(new Database(dataSource));
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
    const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
    open.push({ end: () => dataSource.destroy() });
    const busy = new Partitions(new Database(dataSource));
    const [holder, other] = [await connect(url), await connect(url)];
    await busy.makeAhead(NOON);
    await holder.query('begin; select from posthorn.event_default');
    await other.query(`set lock_timeout = '1s'`);
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
