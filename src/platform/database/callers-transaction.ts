// SQL inside a caller's own transaction, whatever library began it. Each of these runs one statement on the caller's connection;
// none begins, ends or keeps anything. Statements are not named there: the connection is not ours, and its names may be taken.
import type { EntityManager } from 'typeorm';
import type { SqlExecutor } from './database.js';

/** What is used of a client of `pg`: `Client` and `PoolClient` have it. */
export interface PgClient {
  /** Runs one statement. */
  query(statement: { text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
  /** `T` inside a transaction, `E` inside one that has failed, `I` outside. */
  getTransactionStatus?(): string | null;
}

/** What is used of a transaction of Knex, on `pg`. */
export interface KnexTransaction {
  readonly isTransaction?: boolean;
  readonly client: { acquireConnection(): unknown };
  /** Whether it was committed or rolled back already. */
  isCompleted?(): boolean;
}

/** What is used of a transaction of Drizzle, on `drizzle-orm/node-postgres`. */
export interface DrizzleTransaction {
  readonly _: { readonly session: object };
}

/** What is used of an interactive transaction of Prisma, on `@prisma/adapter-pg`. */
export interface PrismaTransaction {
  /** Runs one statement and gives its rows. */
  $queryRawUnsafe<Rows>(query: string, ...values: unknown[]): PromiseLike<Rows>;
}

const outside = (given: string): Error =>
  new Error(`${given} is not inside a transaction: an event must commit with something.`);

/**
 * The transaction that a client of `pg` is in.
 *
 * @example
 * await client.query('BEGIN');
 * await dispatcher.dispatch('order.completed', { orderId }, { transaction: pgExecutor(client) });
 * await client.query('COMMIT');
 */
export function pgExecutor(client: PgClient): SqlExecutor {
  // A pool runs each statement on another connection, and so in another transaction.
  if ('totalCount' in client) throw outside('A pool');
  return { query: ({ text }, values = []) => onClient(client, text, values) };
}

/** A transaction of Knex, as `knex.transaction()` passes it in. */
export function knexExecutor(transaction: KnexTransaction): SqlExecutor {
  if (!transaction.isTransaction) throw outside('What was given');
  return {
    query: async ({ text }, values = []) => {
      if (transaction.isCompleted?.()) throw outside('What was given');
      return onClient((await transaction.client.acquireConnection()) as PgClient, text, values);
    },
  };
}

/** A transaction of Drizzle, as `db.transaction()` passes it in, on `drizzle-orm/node-postgres`. */
export function drizzleExecutor(transaction: DrizzleTransaction): SqlExecutor {
  const { client } = transaction._.session as { client?: Partial<PgClient> };
  if (typeof client?.query !== 'function')
    throw new Error('Only transactions of drizzle-orm/node-postgres can be joined.');
  return pgExecutor(client as PgClient);
}

/** An interactive transaction of Prisma, as `prisma.$transaction(async (tx) => …)` passes it in, on `@prisma/adapter-pg`. */
export function prismaExecutor(transaction: PrismaTransaction): SqlExecutor {
  if ('$connect' in transaction) throw outside('What was given');
  return {
    query: async <Row extends object>({ text }: { text: string }, values: readonly unknown[] = []) => {
      try {
        return await transaction.$queryRawUnsafe<Row[]>(text, ...values);
      } catch (error) {
        throw withSqlState(error);
      }
    },
  };
}

/**
 * The transaction of a manager of TypeORM, of any data source of the same database.
 *
 * @throws Error when the manager is not inside a transaction.
 */
export async function executorOf(manager: EntityManager): Promise<SqlExecutor> {
  const runner = manager.queryRunner;
  if (!runner?.isTransactionActive)
    throw new Error('The manager given is not inside a transaction: use the one that `transaction()` passes in.');
  return pgExecutor((await runner.connect()) as PgClient);
}

async function onClient<Row extends object>(
  client: PgClient,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  if (client.getTransactionStatus?.() === 'I') throw outside('The client');
  const { rows } = await client.query({ text, values: [...values] });
  return rows as Row[];
}

/** Prisma wraps what PostgreSQL said; the SQLSTATE is what programs go by. */
function withSqlState(error: unknown): unknown {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } };
  const code = meta?.driverAdapterError?.cause?.originalCode;
  if (typeof code !== 'string') return error;
  return Object.assign(new Error((error as Error).message, { cause: error }), { code });
}
