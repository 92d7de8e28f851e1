// Row-level security needs a role of its own: where it can be had, and what is said where it cannot.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RowLevelSecurity1764000002200 } from '../../src/migrations/1764000002200-row-level-security.js';
import { PoliciesBesideTheOrder1764000002770 } from '../../src/migrations/1764000002770-policies-beside-the-order.js';
import { cloneDatabase } from '../setup/database.js';
import { startTestServer } from '../setup/server.js';
import { connect, databaseOf, dataSourceOf, open, tenantsOf, unique } from './row-level-security.harness.js';

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

  it('has the same policies whether it was begun by this version or by one before', async () => {
    const { url, admin } = await databaseOf('createrole');
    const schema = unique('apart');
    const dataSource = await dataSourceOf(url, schema);
    await dataSource.runMigrations();
    const policies = async (): Promise<unknown[]> => {
      const { rows } = await admin.query<{ policy: string }>(
        'select tablename, policyname, qual from pg_policies where schemaname = $1 order by 1, 2',
        [schema],
      );
      return rows;
    };
    const begun = await policies();
    const runner = dataSource.createQueryRunner();
    await new PoliciesBesideTheOrder1764000002770().down(runner);
    expect(await policies()).not.toEqual(begun);
    await new PoliciesBesideTheOrder1764000002770().up(runner);
    await runner.release();
    expect(await policies()).toEqual(begun);
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
