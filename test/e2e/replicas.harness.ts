// Two servers on one database, as replicas run, with a tenant beside the default one.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

export interface Replicas {
  readonly server: TestServer;
  readonly replica: TestServer;
  /** A connection to their database. */
  readonly sql: pg.Client;
  readonly close: () => Promise<void>;
}

export async function openReplicas(): Promise<Replicas> {
  const options = { encryptionKey: randomBytes(32).toString('base64') };
  const server = await startTestServer(options);
  const replica = await startTestServer({ ...options, databaseUrl: server.databaseUrl });
  const sql = new pg.Client(server.databaseUrl);
  await sql.connect();
  await server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
  const close = async (): Promise<void> => {
    await sql.end();
    await replica.close();
    await server.close();
  };
  return { server, replica, sql, close };
}
