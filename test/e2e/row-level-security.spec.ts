// Tenants kept apart by PostgreSQL itself: what a statement without any WHERE sees and changes.
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { TenantDatabase } from '../../src/platform/database/index.js';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { connect, dataSourceOf, open, tenantsOf } from './row-level-security.harness.js';

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
