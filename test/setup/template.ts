// The database that every test file gets a copy of: made by the migrations, as a server's is.
import { asAdmin, databaseOf, migrateDatabase } from '../../src/testing/postgres/test-databases.js';

export const TEMPLATE_DATABASE = 'template_posthorn';

/** Makes the template on the server of `adminUrl`, anew: one left by an earlier run may be of an earlier schema. */
export async function prepareTemplate(adminUrl: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    await client.query(`drop database if exists ${TEMPLATE_DATABASE} with (force)`);
    await client.query(`create database ${TEMPLATE_DATABASE}`);
  });
  await migrateDatabase(databaseOf(adminUrl, TEMPLATE_DATABASE));
}
