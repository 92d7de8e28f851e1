// The caller's transaction, begun by each library that teams have: what commits is sent, what rolls back is not, and no refusal
// stands in the way of the rest.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import { sql } from 'drizzle-orm';
import knex from 'knex';
import path from 'node:path';
import pg from 'pg';
import { drizzleExecutor, EventDispatcher, knexExecutor, pgExecutor, prismaExecutor } from '../../src/index.js';
import type { PrismaTransaction, SqlExecutor } from '../../src/index.js';
import { sqlExecutorContract, TestPosthorn } from '../../src/testing/index.js';
import { urlOf } from '../setup/database.js';

interface Prisma extends PrismaTransaction {
  $transaction<Result>(
    work: (tx: PrismaTransaction) => Promise<Result>,
    options?: { timeout: number },
  ): Promise<Result>;
  $disconnect(): Promise<void>;
}

/** JavaScript, because what it imports has no types. */
const PRISMA = path.join(import.meta.dirname, '..', 'setup', 'prisma.mjs');

/** A transaction of some library: what ours is dispatched through, and the caller's own statement in it. */
type Work = (executor: SqlExecutor, insert: (id: string) => Promise<unknown>) => Promise<unknown>;

/** How long a transaction may take on a machine that does something else. */
const TIMEOUT_MS = 60_000;

let posthorn: TestPosthorn;
let pool: pg.Pool;
let query: ReturnType<typeof knex>;
let prisma: Prisma;

beforeAll(async () => {
  posthorn = await TestPosthorn.create({ postgres: urlOf('postgres') });
  pool = new pg.Pool({ connectionString: posthorn.databaseUrl });
  query = knex({ client: 'pg', connection: posthorn.databaseUrl });
  const { prismaOf } = (await import(PRISMA)) as { prismaOf: (url: string) => Prisma };
  prisma = prismaOf(posthorn.databaseUrl);
  await pool.query('CREATE TABLE shop_order (id text PRIMARY KEY)');
  await posthorn.subscribe('*');
});
afterAll(async () => {
  await prisma.$disconnect();
  await query.destroy();
  await pool.end();
  await posthorn.close();
});

const inPg = async (work: Work): Promise<void> => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await work(pgExecutor(client), (id) => client.query('INSERT INTO shop_order VALUES ($1)', [id]));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
};
const inKnex = (work: Work): Promise<unknown> =>
  query.transaction((trx) => work(knexExecutor(trx), async (id) => trx('shop_order').insert({ id })));
const inDrizzle = (work: Work): Promise<unknown> =>
  drizzle(pool).transaction((tx) =>
    work(drizzleExecutor(tx), (id) => tx.execute(sql`INSERT INTO shop_order VALUES (${id})`)),
  );
const inPrisma = (work: Work): Promise<unknown> =>
  prisma.$transaction(
    (tx) => work(prismaExecutor(tx), async (id) => tx.$queryRawUnsafe('INSERT INTO shop_order VALUES ($1)', id)),
    { timeout: TIMEOUT_MS },
  );

describe.each([
  ['pg', inPg],
  ['Knex', inKnex],
  ['Drizzle', inDrizzle],
  ['Prisma', inPrisma],
])('a transaction of %s', (name, transaction) => {
  const dispatch = (id: string, options: object): Promise<unknown> =>
    posthorn.get(EventDispatcher).dispatch(`${name}.placed`, { id }, options);
  const hasOrder = async (id: string): Promise<boolean> =>
    (await pool.query('SELECT FROM shop_order WHERE id = $1', [id])).rowCount === 1;
  const sent = (id: string, times: number): Promise<unknown> =>
    posthorn.expectDelivered(`${name}.placed`, { id }, { times });

  it('that commits sends', async () => {
    const id = `${name}-committed`;
    await transaction(async (executor, insert) => {
      await insert(id);
      expect(await dispatch(id, { transaction: executor })).toMatchObject({ deliveries: 1 });
      await sent(id, 0);
    });
    await sent(id, 1);
    expect(await hasOrder(id)).toBe(true);
  });

  it('that rolls back sends nothing', async () => {
    const id = `${name}-rolled-back`;
    const rollback = new Error('no stock');
    const work = transaction(async (executor, insert) => {
      await insert(id);
      await dispatch(id, { transaction: executor });
      await dispatch(id, { transaction: executor, idempotencyKey: id });
      throw rollback;
    });
    await expect(work).rejects.toThrow('no stock');
    await sent(id, 0);
    expect(await hasOrder(id)).toBe(false);
  });

  it('goes on after a refusal, and an idempotency key is of its transaction', async () => {
    const id = `${name}-refused`;
    const key = { idempotencyKey: id };
    await transaction(async (executor, insert) => {
      const options = { transaction: executor };
      await insert(id);
      await expect(
        dispatch(id, { ...options, webhookIds: ['01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d'] }),
      ).rejects.toMatchObject({
        kind: 'not_found',
      });
      await expect(dispatch(id, { ...options, tags: [''] })).rejects.toMatchObject({ kind: 'invalid' });
      const first = await dispatch(id, { ...options, ...key });
      expect(await dispatch(id, { ...options, ...key })).toEqual(first);
      await expect(dispatch(`${id}-other`, { ...options, ...key })).rejects.toMatchObject({ kind: 'conflict' });
    });
    await sent(id, 1);
    expect(await hasOrder(id)).toBe(true);
  });

  describe('as an executor', () => {
    const rolledBack = new Error('rolled back');
    const contract = sqlExecutorContract((work) =>
      transaction(async (executor) => {
        await work(executor);
        throw rolledBack;
      }).catch((error: unknown) => {
        if (error !== rolledBack) throw error;
      }),
    );
    for (const { name: what, run } of contract) it(what, run);
  });
});

describe('what is not inside a transaction is refused', () => {
  it('a pool, and a client outside of one', async () => {
    expect(() => pgExecutor(pool)).toThrow('not inside a transaction');
    const client = await pool.connect();
    const dispatched = posthorn.get(EventDispatcher).dispatch('a.b', {}, { transaction: pgExecutor(client) });
    await expect(dispatched).rejects.toThrow('not inside a transaction');
    client.release();
  });

  it('Knex itself, and a transaction of it that is over', async () => {
    expect(() => knexExecutor(query)).toThrow('not inside a transaction');
    let kept: SqlExecutor | undefined;
    await query.transaction(async (trx) => {
      kept = knexExecutor(trx);
      await trx.raw('SELECT 1');
    });
    await expect(kept?.query({ text: 'SELECT 1' })).rejects.toThrow('not inside a transaction');
  });

  it('Drizzle itself, and Prisma itself', () => {
    expect(() => drizzleExecutor(drizzle(pool))).toThrow('not inside a transaction');
    expect(() => prismaExecutor(prisma)).toThrow('not inside a transaction');
  });
});
