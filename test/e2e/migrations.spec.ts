// The schema as migrations make it: by any number of processes at once, equal to what the entities say, and back again.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { dataSourceOptions } from '../../src/persistence.js';
import { PosthornDataSource } from '../../src/platform/database/index.js';
import { Connections } from '../setup/connections.js';
import { cloneDatabase, emptyDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';

const root = path.resolve(import.meta.dirname, '..', '..');

const connections = new Connections();
afterAll(() => connections.close());

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

async function withDataSource(
  options: ReturnType<typeof dataSourceOptions>,
  work: (dataSource: PosthornDataSource) => Promise<unknown>,
): Promise<void> {
  const dataSource = await new PosthornDataSource(options).initialize();
  try {
    await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** All that a migration can make, as PostgreSQL tells it: a line for each column, index, rule, trigger and function. */
async function schemaOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    SELECT format('%s.%s %s%s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' END, pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'posthorn'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'posthorn'
    UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'posthorn'::regnamespace
    UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
              WHERE c.relnamespace = 'posthorn'::regnamespace AND NOT t.tgisinternal
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'posthorn'::regnamespace
    UNION ALL SELECT format('%s %s', polrelid::regclass, polname) FROM pg_policy
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}

describe('migrations', () => {
  it('run by three processes at once on an empty database, all succeed and are applied once', async () => {
    const { url } = await emptyDatabase();
    const runs = await Promise.all([1, 2, 3].map(() => script('migration:run', url)));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const { rows } = await (
      await connections.connect(url)
    ).query<{ name: string }>('select name from posthorn.migration');
    const { migrations } = dataSourceOptions({ url });
    expect(rows.map(({ name }) => name)).toEqual((migrations as (new () => unknown)[]).map(({ name }) => name));
  });

  it('wait for a table that somebody reads, and let everybody else have it meanwhile', async () => {
    const { url } = await cloneDatabase();
    const dataSource = await connections.dataSource(url);
    const names = async () =>
      (await dataSource.query<{ name: string }[]>('select name from posthorn.migration order by id')).map(
        ({ name }) => name,
      );
    const before = await names();
    await dataSource.query('alter table posthorn.delivery drop column transformed_format');
    await dataSource.query(`delete from posthorn.migration where name = 'TransformedFormat1764000002740'`);
    const [reader, other] = [await connections.connect(url), await connections.connect(url)];
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

  it('go back one by one, each to the schema of the one before it', async () => {
    const { url } = await emptyDatabase();
    const options = dataSourceOptions({ url });
    const migrations = options.migrations as (new () => unknown)[];
    const client = await connections.connect(url);
    const schemas: string[][] = [];
    for (let count = 1; count <= migrations.length; count += 1) {
      await withDataSource({ ...options, migrations: migrations.slice(0, count) }, (dataSource) =>
        dataSource.runMigrations(),
      );
      schemas.push(await schemaOf(client));
    }
    await withDataSource(options, async (dataSource) => {
      for (const [index, before] of [...schemas.slice(0, -1).entries()].reverse()) {
        await dataSource.undoLastMigration();
        expect({ undone: migrations[index + 1], schema: await schemaOf(client) }).toEqual({
          undone: migrations[index + 1],
          schema: before,
        });
      }
    });
  });

  it('leave nothing for the entities to ask for', async () => {
    const { exitCode, output } = await script('migration:check', (await cloneDatabase()).url);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  });

  it('are found wanting where a column has drifted', async () => {
    const { url } = await cloneDatabase();
    await (
      await connections.connect(url)
    ).query('alter table posthorn.delivery_attempt alter column error type varchar(10)');
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
    client = await connections.connect((await cloneDatabase()).url);
  });

  it('has a tenant in every table', async () => {
    const { rows } = await client.query<{ table: string }>(`
      select c.relname as table from pg_class c
      where c.relnamespace = 'posthorn'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
      order by 1`);
    expect(rows.map(({ table }) => table)).toEqual(['migration', 'tenant']);
  });
});
