// Databases for tests. They are not dropped: that takes longer than making them, and the whole cluster is thrown away.
import { createDatabase, databaseOf } from '../../src/testing/postgres/test-databases.js';
import { TEMPLATE_DATABASE } from './template.js';

/** The URL of a database on the run's PostgreSQL. */
export function urlOf(database: string): string {
  const base = process.env.TEST_DATABASE_URL;
  if (!base) throw new Error('TEST_DATABASE_URL is not set: run the tests through Jest, whose global setup sets it.');
  return databaseOf(base, database);
}

/** A new database with the schema of the template, for one test file. */
export async function cloneDatabase(): Promise<{ url: string }> {
  return { url: await createDatabase(urlOf('postgres'), TEMPLATE_DATABASE) };
}

/** A new database with nothing in it. */
export async function emptyDatabase(): Promise<{ url: string }> {
  return { url: await createDatabase(urlOf('postgres'), 'template0') };
}
