// The few questions we ask PostgreSQL ourselves, over its socket.
import pg from 'pg';
import { codeOf } from './errors.js';

/** Where a server listens. */
interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** The superuser that initdb makes; the socket's directory decides who may be it. */
export const SUPERUSER = 'posthorn';

/** How a server answered: not at all, with "not now" (starting, stopping), or with the postmaster.pid it reads. */
type Answer = { state: 'silent' } | { state: 'busy' } | { state: 'serving'; pidFile: string };

const QUERY_TIMEOUT_MS = 5_000;

async function ask<T>(address: ServerAddress, question: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    ...address,
    user: SUPERUSER,
    database: 'postgres',
    // PGSSLMODE of the environment is meant for another server.
    ssl: false,
    connectionTimeoutMillis: QUERY_TIMEOUT_MS,
    application_name: 'posthorn-supervisor',
  });
  // The server may end at any moment; without a listener that would end us too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await question(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Who answers at this address. The server reads us its own postmaster.pid: only one that works in the very directory
 * we look at can give the text we see, by whatever path it came there (`show data_directory` may be /proc/self/cwd).
 */
export async function whoAnswers(address: ServerAddress): Promise<Answer> {
  try {
    return await ask(address, async (client) => {
      const { rows } = await client.query<{ text: string }>({
        text: "select pg_read_file('postmaster.pid') as text",
      });
      return { state: 'serving', pidFile: rows[0]?.text ?? '' };
    });
  } catch (error) {
    const code = codeOf(error);
    // ENOTSOCK: a restored backup may hold a plain file of that name.
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK') return { state: 'silent' };
    return { state: 'busy' };
  }
}

/** Creates the database if it is missing; `create database` has no "if not exists". */
export async function ensureDatabase(address: ServerAddress, name: string): Promise<void> {
  await ask(address, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}
