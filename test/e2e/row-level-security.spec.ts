// Tenants kept apart by PostgreSQL itself: what a statement without any WHERE sees and changes, where it can be had, and what is
// said where it cannot.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { RowLevelSecurity1764000002200 } from '../../src/migrations/1764000002200-row-level-security.js';
import { dataSourceOptions } from '../../src/persistence.js';
import { PosthornDataSource, TenantDatabase } from '../../src/platform/database/index.js';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const open: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of open.reverse()) await close();
});

const unique = (prefix: string): string => `${prefix}_${randomUUID().slice(0, 8)}`;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  open.push(() => client.end());
  return client;
}

async function dataSourceOf(url: string, schema?: string): Promise<PosthornDataSource> {
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url }, schema, 4)).initialize();
  open.push(() => dataSource.destroy());
  return dataSource;
}

async function tenantsOf(
  dataSource: PosthornDataSource,
  rowLevelSecurity: 'auto' | 'on' | 'off' = 'on',
): Promise<TenantDatabase> {
  const settings = { rowLevelSecurity, databasePool: 4, queryTimeoutMs: 30_000 };
  const tenants = await TenantDatabase.open(dataSource, settings);
  open.push(() => tenants.onApplicationShutdown());
  return tenants;
}

/** An empty database of a new login, which may do what is said and nothing else. */
async function databaseOf(rights: string): Promise<{ url: string; login: string; admin: pg.Client }> {
  const [name, login] = [unique('t'), unique('login')];
  const server = await connect(urlOf('postgres'));
  await server.query(`create role ${login} login ${rights}`);
  await server.query(`create database ${name} owner ${login}`);
  const url = new URL(urlOf(name));
  url.username = login;
  return { url: url.href, login, admin: await connect(urlOf(name)) };
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? 'unknown',
  );

describe('a statement without any WHERE', () => {
  const FILLERS: Record<string, string> = {
    ...{ uuid: 'gen_random_uuid()', text: `'x'`, 'text[]': `'{}'`, bytea: `'x'`, boolean: 'false' },
    ...{ 'timestamp with time zone': 'now()', json: `'{}'`, jsonb: `'{}'` },
  };
  const REFUSED_BY_POLICY = '42501';
  let admin: pg.Client;
  let tenants: TenantDatabase;
  let tables: { table: string; key: string }[];

  /** A row of each tenant in every table, whatever that table is about. */
  async function fill(): Promise<void> {
    await admin.query(`set session_replication_role = replica`);
    const { rows: checks } = await admin.query<{ text: string }>(`
      select format('alter table posthorn.%I drop constraint %I', c.relname, k.conname) as text
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.contype = 'c' and k.coninhcount = 0 and c.relnamespace = 'posthorn'::regnamespace`);
    for (const { text } of checks) await admin.query(text);
    for (const { table, key } of tables) {
      const { rows: columns } = await admin.query<{ name: string; type: string }>(
        `select quote_ident(attname) as name, format_type(atttypid, null) as type from pg_attribute
         where attrelid = ('posthorn.' || $1)::regclass and attnum > 0 and not attisdropped and attnotnull and not atthasdef
           and attidentity = '' and attname <> $2`,
        [table, key],
      );
      const names = [key, ...columns.map(({ name }) => name)].join(', ');
      for (const tenant of ['acme', 'globex']) {
        const values = [`'${tenant}'`, ...columns.map(({ type }) => FILLERS[type] ?? '1')].join(', ');
        await admin.query(`insert into posthorn.${table} (${names}) values (${values})`);
      }
    }
  }

  beforeAll(async () => {
    const { url } = await cloneDatabase();
    admin = await connect(url);
    ({ rows: tables } = await admin.query<{ table: string; key: string }>(`
      select t.table_name as table, case t.table_name when 'tenant' then 'id' else 'tenant_id' end as key
      from information_schema.tables t join pg_class c on c.oid = format('posthorn.%I', t.table_name)::regclass
      where t.table_schema = 'posthorn' and not c.relispartition and (t.table_name = 'tenant' or exists (
        select from information_schema.columns k
        where k.table_schema = 'posthorn' and k.table_name = t.table_name and k.column_name = 'tenant_id'))
      order by 1`));
    await fill();
    tenants = await tenantsOf(await dataSourceOf(url));
  });

  it('sees the rows of its tenant in every table, and no other', async () => {
    expect(tables.length).toBeGreaterThan(20);
    for (const { table, key } of tables) {
      const text = `SELECT ${key} AS tenant FROM posthorn.${table}`;
      for (const tenant of ['acme', 'globex'])
        expect({ table, rows: await tenants.of(tenant).query({ text }) }).toEqual({ table, rows: [{ tenant }] });
      const { rows } = await admin.query<{ tenant: string }>(text);
      expect(rows).toEqual(expect.arrayContaining([{ tenant: 'acme' }, { tenant: 'globex' }]));
    }
  });

  it('sees nothing where no tenant, or one that there is not, was named', async () => {
    const text = 'SELECT id FROM posthorn.webhook';
    expect(await tenants.of('').query({ text })).toEqual([]);
    expect(await tenants.of('nobody').query({ text })).toEqual([]);
  });

  it('changes the rows of its tenant, and gives none away', async () => {
    for (const { table, key } of tables.filter((one) => one.table !== 'audit_log')) {
      const text = `UPDATE posthorn.${table} SET ${key} = ${key} RETURNING ${key} AS tenant`;
      expect({ table, rows: await tenants.of('acme').query({ text }) }).toEqual({ table, rows: [{ tenant: 'acme' }] });
      const away = tenants.of('acme').query({ text: `UPDATE posthorn.${table} SET ${key} = 'globex'` });
      expect({ table, code: await codeOf(away) }).toEqual({ table, code: REFUSED_BY_POLICY });
    }
  });

  it('adds nothing to another tenant', async () => {
    for (const { table, key } of tables) {
      const text = `INSERT INTO posthorn.${table} (${key}) VALUES ($1)`;
      const add = (tenant: string): Promise<string> => codeOf(tenants.of('acme').query({ text }, [tenant]));
      expect({ table, code: await add('globex') }).toEqual({ table, code: REFUSED_BY_POLICY });
      // Its own row is refused for what it lacks (NOT NULL), so that it is the policy which refused the other.
      expect({ table, code: await add('acme') }).toEqual({ table, code: '23502' });
    }
  });

  it('reaches neither partitions, nor the list of migrations', async () => {
    for (const table of ['delivery_default', 'event_default', 'migration']) {
      const look = tenants.of('acme').query({ text: `SELECT FROM posthorn.${table}` });
      expect({ table, code: await codeOf(look) }).toEqual({ table, code: REFUSED_BY_POLICY });
    }
  });

  it('keeps to its tenant through TypeORM, and after a transaction that was rolled back', async () => {
    const text = 'SELECT tenant_id AS tenant FROM posthorn.source';
    const ask = (tenant: string): Promise<unknown> => tenants.as(tenant, (manager) => manager.query(text));
    for (const tenant of ['acme', 'globex', 'acme']) expect(await ask(tenant)).toEqual([{ tenant }]);
    const refused = tenants.transaction('globex', async (manager) => {
      expect(await manager.query(text)).toEqual([{ tenant: 'globex' }]);
      throw new Error('rolled back');
    });
    await expect(refused).rejects.toThrow('rolled back');
    for (const tenant of ['globex', 'acme']) expect(await ask(tenant)).toEqual([{ tenant }]);
    const sql = tenants.of('acme').transaction(async (executor) => {
      expect(await executor.query({ text })).toEqual([{ tenant: 'acme' }]);
      throw new Error('rolled back');
    });
    await expect(sql).rejects.toThrow('rolled back');
    expect(await tenants.of('acme').query({ text })).toEqual([{ tenant: 'acme' }]);
  });

  it('finds a table protected that is made later, and one that lost its policy', async () => {
    await admin.query(`create table posthorn.later (id uuid primary key, tenant_id text not null)`);
    await admin.query(`insert into posthorn.later values ($1, 'acme'), ($2, 'globex')`, [newId(), newId()]);
    await admin.query(`drop policy tenants on posthorn.replay`);
    const dataSource = await dataSourceOf(await urlOfClient(admin));
    await dataSource.runMigrations();
    const again = await tenantsOf(dataSource);
    for (const table of ['later', 'replay']) {
      const rows = await again.of('acme').query({ text: `SELECT tenant_id AS tenant FROM posthorn.${table}` });
      expect({ table, rows }).toEqual({ table, rows: [{ tenant: 'acme' }] });
    }
  });
});

const urlOfClient = async (client: pg.Client): Promise<string> =>
  urlOf((await client.query<{ name: string }>('select current_database() as name')).rows[0]!.name);

describe('the API under row-level security', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ rowLevelSecurity: 'on' });
    open.push(() => server.close());
  });

  it('reads as the role of requests, while the workers see every tenant', async () => {
    expect(server.get(TenantDatabase).isRestricted).toBe(true);
    await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
    for (const tenant of ['default', 'acme']) {
      const webhook = { url: 'http://127.0.0.1:9/', events: ['order.*'] };
      expect((await server.api('POST', '/api/webhooks', webhook, { tenant })).status).toBe(201);
      const { body } = await server.api<{ data: unknown[] }>('GET', '/api/webhooks', undefined, { tenant });
      expect(body.data).toHaveLength(1);
    }
    const admin = await connect(server.databaseUrl);
    // Owners are not held to policies; a role that they keep out shows that requests really run as one.
    await admin.query('revoke select on posthorn.webhook from posthorn_request');
    expect((await server.api('GET', '/api/webhooks')).status).toBe(500);
    const { body } = await server.api('POST', '/api/events', { event: 'order.made', data: {} }, { tenant: 'acme' });
    expect(body).toMatchObject({ deliveries: 1 });
    await admin.query('grant select on posthorn.webhook to posthorn_request');
    expect((await server.api('GET', '/api/webhooks')).status).toBe(200);
  });
});

describe('where it can be had', () => {
  it('is undone and done again by its migration, the role included', async () => {
    const { url, admin } = await databaseOf('createrole');
    const schema = unique('apart');
    const dataSource = await dataSourceOf(url, schema);
    await dataSource.runMigrations();
    const state = async (): Promise<unknown> => {
      const { rows } = await admin.query<Record<string, unknown>>(
        `select to_regrole($1) is not null as role, (select count(*)::int from pg_policies where schemaname = $2) as policies,
                (select count(*)::int from pg_class where relrowsecurity and relnamespace = $2::regnamespace) as tables`,
        [`${schema}_request`, schema],
      );
      return rows[0];
    };
    const protectedState = await state();
    expect(protectedState).toMatchObject({ role: true });
    const runner = dataSource.createQueryRunner();
    await new RowLevelSecurity1764000002200().down(runner);
    expect(await state()).toEqual({ role: false, policies: 0, tables: 0 });
    await new RowLevelSecurity1764000002200().up(runner);
    await new RowLevelSecurity1764000002200().up(runner);
    await runner.release();
    expect(await state()).toEqual(protectedState);
    expect((await tenantsOf(dataSource)).isRestricted).toBe(true);
  });

  it('is had with a role that an administrator made for a login which may not make roles', async () => {
    const { url, login, admin } = await databaseOf('');
    const schema = unique('given');
    await admin.query(`create role ${schema}_request; grant ${schema}_request to ${login}`);
    const dataSource = await dataSourceOf(url, schema);
    await dataSource.runMigrations();
    const tenants = await tenantsOf(dataSource);
    expect(await tenants.of('default').query({ text: `SELECT id FROM ${schema}.tenant` })).toEqual([{ id: 'default' }]);
    expect(await tenants.of('acme').query({ text: `SELECT id FROM ${schema}.tenant` })).toEqual([]);
  });
});

describe('where it cannot be had', () => {
  const warnings: string[] = [];
  beforeAll(() => {
    const hear = (message: unknown): void => void warnings.push(String(message));
    const silent = (): void => undefined;
    Logger.overrideLogger({ log: silent, error: silent, warn: hear });
  });
  afterAll(() => {
    Logger.overrideLogger(false);
  });

  it('is off for a login that may not make roles, which is said; everything works', async () => {
    const { url } = await databaseOf('');
    const databaseSchema = unique('plain');
    const dataSource = await dataSourceOf(url, databaseSchema);
    await dataSource.runMigrations();
    expect((await tenantsOf(dataSource, 'auto')).isRestricted).toBe(false);
    expect(warnings).toContainEqual(
      `Row-level security is off: there is no role ${databaseSchema}_request, and this login may not create it. ` +
        'Tenants are kept apart by queries alone.',
    );
    await expect(tenantsOf(dataSource, 'on')).rejects.toThrow('rowLevelSecurity cannot be on: there is no role');

    const server = await startTestServer({ databaseUrl: url, databaseSchema });
    open.push(() => server.close());
    const { id } = await server.webhook('http://127.0.0.1:9/');
    expect((await server.api('GET', `/api/webhooks/${id}`)).body).toMatchObject({ id });
  });

  it('is off where it is turned off, though everything for it is there', async () => {
    const before = warnings.length;
    const dataSource = await dataSourceOf((await cloneDatabase()).url);
    expect((await tenantsOf(dataSource, 'off')).isRestricted).toBe(false);
    expect(warnings).toHaveLength(before);
  });

  it('does not start with a login to which the policies show nothing', async () => {
    const { url } = await cloneDatabase();
    const admin = await connect(url);
    const login = unique('stranger');
    await admin.query(`create role ${login} login; grant usage on schema posthorn to ${login}`);
    await admin.query(`grant all on all tables in schema posthorn to ${login}`);
    const theirs = new URL(url);
    theirs.username = login;
    const dataSource = await dataSourceOf(theirs.href);
    await expect(tenantsOf(dataSource, 'off')).rejects.toThrow('hides all rows from the login of databaseUrl');
  });
});
