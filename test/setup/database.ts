// Databases for tests. They are not dropped: that takes longer than making them, and the whole cluster is thrown away.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { TEMPLATE_DATABASE } from './template.js';

/** The URL of a database on the run's PostgreSQL. */
export function urlOf(database: string): string {
  const base = process.env.TEST_DATABASE_URL;
  if (!base) throw new Error('TEST_DATABASE_URL is not set: run the tests through Jest, whose global setup sets it.');
  const url = new URL(base);
  url.pathname = `/${database}`;
  return url.href;
}

/** A new database with the schema of the template, for one test file. */
export async function cloneDatabase(): Promise<{ url: string }> {
  // Not a counter: each file would start it again, in the same process.
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(urlOf('postgres'));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`create database ${name} template ${TEMPLATE_DATABASE} strategy file_copy`);
  } finally {
    await client.end();
  }
  return { url: urlOf(name) };
}
