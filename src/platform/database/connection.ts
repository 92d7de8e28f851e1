// How to reach PostgreSQL: by URL, or by the socket of the embedded one. One shape for TypeORM, pg and BullMQ.
import type { ClientConfig } from 'pg';

/** Where PostgreSQL is. `host` may be the directory of a Unix socket. */
export type DatabaseConnection =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

// A dead network must become an error within seconds, not after the kernel's two hours.
const ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000, connectionTimeoutMillis: 5_000 } as const;

/** Options for `new pg.Client` and `new pg.Pool`. */
export function pgConfig(connection: DatabaseConnection): ClientConfig {
  return 'url' in connection ? { connectionString: connection.url, ...ALIVE } : { ...connection, ...ALIVE };
}

/** The part of TypeORM's options that says where to connect. */
export const typeormConnection = (
  connection: DatabaseConnection,
): { url: string } | { host: string; port: number; username: string; database: string } =>
  'url' in connection
    ? { url: connection.url }
    : { host: connection.host, port: connection.port, username: connection.user, database: connection.database };
