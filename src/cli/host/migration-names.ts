// Which migrations a database has had, and which of this version it has not. Reads only: asking must not make a table.
import pg from 'pg';
import { POSTHORN_MIGRATIONS } from '../../persistence.js';

interface MigrationNames {
  /** Of this version, in their order. */
  readonly missing: readonly string[];
  /** That this version does not know: the database is of a newer one. */
  readonly unknown: readonly string[];
}

export async function migrationNames(client: pg.Client, schema: string): Promise<MigrationNames> {
  const table = `${pg.escapeIdentifier(schema)}.migration`;
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  const had = rows[0]?.there ? (await client.query<{ name: string }>(`SELECT name FROM ${table}`)).rows : [];
  const done = new Set(had.map(({ name }) => name));
  const ours: readonly string[] = POSTHORN_MIGRATIONS.map((Migration) => new Migration().name);
  return { missing: ours.filter((name) => !done.has(name)), unknown: [...done].filter((name) => !ours.includes(name)) };
}
