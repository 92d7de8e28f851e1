// A PostgreSQL for one benchmark: the embedded one with its durable defaults, in a directory that is removed afterwards.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/platform/database/embedded-postgres/index.js';

/** Settings whose values say what a number means. */
const TELLING = ['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];

/** Runs `work` with a server of its own; it is stopped and its directory removed, however `work` ends. */
export async function withPostgres(work) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'posthorn-bench-'));
  // PostgreSQL may run as another user than we do.
  chmodSync(directory, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(directory, 'data') });
  try {
    return await work({
      /** The postmaster's process id. */
      pid: Number(readFileSync(path.join(postgres.clusterDir, 'postmaster.pid'), 'utf8').split('\n')[0]),
      /** Makes an empty database and tells how to reach it. */
      createDatabase: async (name) => {
        await withClient(postgres.connection, (client) => client.query(`CREATE DATABASE ${name}`));
        const url = new URL(postgres.url);
        url.pathname = `/${name}`;
        return { connection: { ...postgres.connection, database: name }, url: url.href };
      },
      settings: () =>
        withClient(postgres.connection, async (client) => {
          const { rows } = await client.query(
            'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
            [TELLING],
          );
          return rows.map(({ name, value }) => `${name} ${value}`).join(', ');
        }),
    });
  } finally {
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs `work` on a connection of its own. */
export async function withClient(connection, work) {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
