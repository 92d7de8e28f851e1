// Databases, logins and tenants apart: shared by the specs about row-level security.
import { afterAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { dataSourceOptions } from '../../src/persistence.js';
import { PosthornDataSource, TenantDatabase } from '../../src/platform/database/index.js';
import { urlOf } from '../setup/database.js';

/** What the tests of a file opened, closed after them in reverse. */
export const open: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of open.reverse()) await close();
});

export const unique = (prefix: string): string => `${prefix}_${randomUUID().slice(0, 8)}`;

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  open.push(() => client.end());
  return client;
}

export async function dataSourceOf(url: string, schema?: string): Promise<PosthornDataSource> {
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url }, schema, 4)).initialize();
  open.push(() => dataSource.destroy());
  return dataSource;
}

export async function tenantsOf(
  dataSource: PosthornDataSource,
  rowLevelSecurity: 'auto' | 'on' | 'off' = 'on',
): Promise<TenantDatabase> {
  const settings = { rowLevelSecurity, databasePool: 4, queryTimeoutMs: 30_000 };
  const tenants = await TenantDatabase.open(dataSource, settings);
  open.push(() => tenants.onApplicationShutdown());
  return tenants;
}

/** An empty database of a new login, which may do what is said and nothing else. */
export async function databaseOf(rights: string): Promise<{ url: string; login: string; admin: pg.Client }> {
  const [name, login] = [unique('t'), unique('login')];
  const server = await connect(urlOf('postgres'));
  await server.query(`create role ${login} login ${rights}`);
  await server.query(`create database ${name} owner ${login}`);
  const url = new URL(urlOf(name));
  url.username = login;
  return { url: url.href, login, admin: await connect(urlOf(name)) };
}
