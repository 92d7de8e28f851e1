// A PostgreSQL for one benchmark: the embedded one with its durable defaults, in a directory that is removed afterwards; or
// the one that DATABASE_URL names, as a superuser and on this machine, where each benchmark makes databases and drops them.
// The embedded one is compiled to be small (-Os): what runs in production is compiled to be fast (-O2), and takes less.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/platform/database/embedded-postgres/index.js';

/** Settings whose values say what a number means. */
const TELLING = ['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];

/** Runs `work` with a server; what was made on it is removed, however `work` ends. */
export async function withPostgres(work) {
  const { url, stop } = process.env.DATABASE_URL ? await named(process.env.DATABASE_URL) : await embedded();
  const made = [];
  try {
    return await work({
      /** The postmaster's process id. */
      pid: await postmasterOf(url),
      /** Makes an empty database and tells how to reach it. */
      createDatabase: async (name) => {
        const database = `bench_${name}_${process.pid}`;
        await withClient({ url }, (client) => client.query(`CREATE DATABASE ${database}`));
        made.push(database);
        const itsUrl = new URL(url);
        itsUrl.pathname = `/${database}`;
        return { connection: { url: itsUrl.href }, url: itsUrl.href };
      },
      settings: () => settingsOf(url),
    });
  } finally {
    await stop(made);
  }
}

/** The embedded server, in a directory of its own. */
async function embedded() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'posthorn-bench-'));
  // PostgreSQL may run as another user than we do.
  chmodSync(directory, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(directory, 'data') });
  return {
    url: postgres.url,
    stop: async () => {
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
/** A server that runs already: what was made on it is dropped. */
function named(url) {
  return {
    url,
    stop: async (made) => {
      for (const name of made)
        await withClient({ url }, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function postmasterOf(url) {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid`);
    return rows[0].pid;
  });
}

async function settingsOf(url) {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query(
      `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name
       UNION ALL SELECT 'compiled with', substring(setting from '-O\\w+') FROM pg_config WHERE name = 'CFLAGS'`,
      [TELLING],
    );
    return rows.map(({ name, value }) => `${name} ${value}`).join(', ');
  });
}

/** Runs `work` on a connection of its own. */
export async function withClient(connection, work) {
  const client = new pg.Client({ connectionString: connection.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
