// A database for each test: a copy of one that was migrated once, which takes a fraction of the time that migrating takes.
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { VERSION } from '../../kernel/version.js';
import { PosthornDataSource } from '../../platform/database/index.js';
import { migrateQueues } from '../../platform/queue/index.js';
import { dataSourceOptions, POSTHORN_MIGRATIONS } from '../../persistence.js';

/** Any number: two processes must not make the template at once. */
const TEMPLATE_LOCK = 76_784_677;

/** Where BullMQ keeps its tables, as the server has it. */
const QUEUE_SCHEMA = 'posthorn_queue';

/** Named after what it is made by, so that another version makes its own. */
const template = `posthorn_template_${createHash('sha256')
  .update([VERSION, ...POSTHORN_MIGRATIONS.map(({ name }) => name)].join('\n'))
  .digest('hex')
  .slice(0, 12)}`;

/** The URL of another database of the same server. */
export function databaseOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Brings a new database to where a server's is. */
export async function migrateDatabase(url: string): Promise<void> {
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
  await migrateQueues({ url }, QUEUE_SCHEMA);
}

/** A new database, migrated, on the server of `serverUrl`. */
export async function createDatabase(serverUrl: string, source?: string): Promise<string> {
  // Not a counter: each test file would start it again, in the same process.
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(serverUrl, async (client) => {
    const copied = source ?? (await ensureTemplate(client, serverUrl));
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${copied} STRATEGY file_copy`);
  });
  return databaseOf(serverUrl, name);
}

/** Drops a database with whoever is still connected to it. */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await asAdmin(databaseOf(url, 'postgres'), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
}

async function ensureTemplate(client: pg.Client, serverUrl: string): Promise<string> {
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) {
      // Under another name until it is whole.
      const draft = `${template}_draft`;
      await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${draft} ENCODING 'UTF8' TEMPLATE template0`);
      await migrateDatabase(databaseOf(serverUrl, draft));
      await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
    }
    return template;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

export async function asAdmin<Result>(
  serverUrl: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(serverUrl);
  // PostgreSQL may be stopped under us; without a listener that would end the run.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
