// The database that every test file gets a copy of: made by the migrations, as a server's is.
import pg from 'pg';
import { dataSourceOptions } from '../../src/persistence.js';
import { PosthornDataSource } from '../../src/platform/database/index.js';
import { migrateQueues } from '../../src/platform/queue/index.js';

export const TEMPLATE_DATABASE = 'template_posthorn';

/** Makes the template on the server of `adminUrl`, anew: one left by an earlier run may be of an earlier schema. */
export async function prepareTemplate(adminUrl: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  // PostgreSQL may be stopped under us; without a listener that would end the run.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`drop database if exists ${TEMPLATE_DATABASE} with (force)`);
    await client.query(`create database ${TEMPLATE_DATABASE}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE_DATABASE}`;
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url: url.href })).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
  await migrateQueues({ url: url.href }, 'posthorn_queue');
}
