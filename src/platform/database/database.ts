// Hand-written SQL through the data source's own pool: named statements, plain rows, no hydration. The hot path and
// everything that needs SKIP LOCKED, unnest or ON CONFLICT goes this way; simple configuration uses TypeORM repositories.
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool, PoolClient, QueryResult } from 'pg';
import type { DataSource } from 'typeorm';
import { ConnectionShares } from './connection-shares.js';
import { DATA_SOURCE } from './data-source.js';
import { tablesOf } from './schema.js';
import type { Tables } from './schema.js';

/** One SQL text, its parameters as `$1`, `$2`. */
export interface Statement {
  /** PostgreSQL parses and plans it once per connection. Left out on connections that are not ours. */
  readonly name?: string;
  readonly text: string;
}

/** Something that runs SQL: our pool, one of our transactions, or a caller's. */
export interface SqlExecutor {
  /**
   * Runs one statement and answers its rows, by the names of their columns.
   *
   * @param values - As `pg` takes them. A `Buffer` is a parameter in PostgreSQL's binary form, of whatever type is asked for.
   * @throws what the driver throws, its SQLSTATE as `code`
   */
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
}

const run = async <Row extends object>(
  client: Pick<PoolClient, 'query'>,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> => {
  const result: QueryResult<Row> = await client.query<Row>({ ...statement, values: [...values] });
  return result.rows;
};

/** Of the connections of the workers, how many tenants may hold together: the rest is for what nobody asked for, such as sending. */
const TENANTS_PART = 0.75;

@Injectable()
export class Database implements SqlExecutor {
  readonly tables: Tables;
  private readonly shares: ConnectionShares;

  constructor(@InjectDataSource(DATA_SOURCE) private readonly dataSource: DataSource) {
    this.tables = tablesOf(dataSource);
    const { options } = this.pool;
    this.shares = new ConnectionShares(Math.max(1, Math.floor(options.max * TENANTS_PART)), options);
  }

  /**
   * Work that a tenant asked for and that holds one connection at a time: as many at once as leave some to others, and to the
   * workers. What is done for many at once, or for nobody, needs no share.
   */
  share<Result>(tenantId: string, work: () => Promise<Result>): Promise<Result> {
    return this.shares.within(tenantId, work);
  }

  /** {@link transaction} as a {@link share} of a tenant: its statements, and what they wait for, hold a connection. */
  transactionOf<Result>(tenantId: string, work: (executor: SqlExecutor) => Promise<Result>): Promise<Result> {
    return this.share(tenantId, () => this.transaction(work));
  }

  /** Runs one statement in its own transaction. */
  query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    return run<Row>(this.pool, statement, values);
  }

  /** Runs `work` in one transaction; an error rolls it back and is thrown on. */
  transaction<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result> {
    return transactionOn(this.pool, work);
  }

  /** PostgreSQL's clock, in milliseconds since the epoch: that of a process may be wrong by any amount. */
  async now(): Promise<number> {
    const [row] = await this.query<{ now: number }>({
      text: 'SELECT (extract(epoch FROM now()) * 1000)::float8 AS now',
    });
    return row!.now;
  }

  private get pool(): Pool {
    return poolOf(this.dataSource);
  }
}

/** The pool beneath a data source. */
export const poolOf = (dataSource: DataSource): Pool => (dataSource.driver as unknown as { master: Pool }).master;

/** What a connection needs before it is used. */
type Preparation = (client: PoolClient) => Promise<void>;

/** One statement on a connection that is prepared first. */
export const queryOn = <Row extends object>(
  pool: Pool,
  statement: Statement,
  values: readonly unknown[],
  prepare: Preparation,
): Promise<Row[]> =>
  onConnection(pool, async (client) => {
    await prepare(client);
    return run<Row>(client, statement, values);
  });

/** Runs `work` in one transaction; an error rolls it back and is thrown on. */
export const transactionOn = <Result>(
  pool: Pool,
  work: (executor: SqlExecutor) => Promise<Result>,
  prepare?: Preparation,
): Promise<Result> =>
  onConnection(pool, async (client, isBroken) => {
    await prepare?.(client);
    try {
      await client.query('BEGIN');
      const result = await work({ query: (statement, values = []) => run(client, statement, values) });
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(isBroken);
      throw error;
    }
  });

async function onConnection<Result>(
  pool: Pool,
  work: (client: PoolClient, isBroken: () => void) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken = false;
  // A connection that is lost between two statements tells nobody else; unheard, it would end the process.
  const isBroken = (): void => void (broken = true);
  client.on('error', isBroken);
  try {
    return await work(client, isBroken);
  } finally {
    client.off('error', isBroken);
    client.release(broken);
  }
}
