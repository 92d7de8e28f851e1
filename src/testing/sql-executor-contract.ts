// What every executor that an event is dispatched through must do, ours or a team's own. The cases assert by themselves, so that
// any test runner will do.
import assert from 'node:assert/strict';
import type { SqlExecutor } from '../platform/database/index.js';
import { bytesArray, textArray } from '../platform/database/index.js';
import type { ContractCase } from './contract/bench.js';

const TEXT = 'ä \u{1f422} " \\ {,}';

const first = async <Row extends object>(executor: SqlExecutor, text: string, values?: unknown[]): Promise<Row> => {
  const rows = await executor.query<Row>({ text }, values);
  assert.equal(rows.length, 1, `${rows.length} rows instead of one`);
  return rows[0]!;
};

const CASES: Record<string, (executor: SqlExecutor) => Promise<void>> = {
  'takes parameters of every kind, and answers rows by the names of their columns': async (executor) => {
    const row = await first(executor, 'SELECT $1::text AS a, $2::int AS b, $3::text AS c, $4::uuid[] AS d', [
      TEXT,
      30,
      null,
      ['01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d'],
    ]);
    assert.deepEqual({ ...row }, { a: TEXT, b: 30, c: null, d: ['01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d'] });
    const { late } = await first<{ late: boolean }>(executor, 'SELECT $1::timestamptz > now() AS late', [
      new Date('2100-01-01T00:00:00Z'),
    ]);
    assert.equal(late, true);
  },

  'takes a Buffer as PostgreSQL’s binary form, of arrays too': async (executor) => {
    const bytes = Buffer.from([0, 1, 0xff]);
    const row = await first<{ count: number; text: string; bytes: Uint8Array; other: Uint8Array }>(
      executor,
      `SELECT cardinality($1::text[]) AS count, ($1::text[])[2] AS text, ($2::bytea[])[1] AS bytes, $3::bytea AS other`,
      [textArray([null, TEXT]), bytesArray([bytes]), bytes],
    );
    assert.deepEqual([row.count, row.text], [2, TEXT]);
    assert.ok(bytes.equals(row.bytes) && bytes.equals(row.other), 'other bytes came back');
  },

  'reads JSON as what it says': async (executor) => {
    const { json } = await first<{ json: unknown }>(executor, `SELECT $1::json AS json`, [
      JSON.stringify({ a: [1, TEXT] }),
    ]);
    assert.deepEqual(json, { a: [1, TEXT] });
  },

  'answers no rows where there are none': async (executor) => {
    assert.deepEqual([...(await executor.query({ text: 'SELECT 1 AS n WHERE false' }))], []);
    assert.deepEqual([...(await executor.query({ text: 'NOTIFY posthorn_contract' }))], []);
  },

  'runs all statements in one transaction': async (executor) => {
    await executor.query({ text: `SET LOCAL lock_timeout = '77s'` });
    const { value } = await first<{ value: string }>(executor, `SELECT current_setting('lock_timeout') AS value`);
    assert.equal(value, '77s');
  },

  'tells errors by their SQLSTATE, and goes on after a savepoint': async (executor) => {
    await executor.query({ text: 'SAVEPOINT contract' });
    await assert.rejects(executor.query({ text: 'SELECT 1 / $1::int' }, [0]), { code: '22012' });
    await executor.query({ text: 'ROLLBACK TO SAVEPOINT contract' });
    await first(executor, 'SELECT 1 AS n');
  },
};

/**
 * The cases that an executor for `dispatch(…, { transaction })` must pass.
 *
 * @param inTransaction - Begins a transaction, hands its executor to the work, and rolls it back.
 * @example
 * const inTransaction = (work) => db.transaction(async (tx) => { await work(ourExecutor(tx)); });
 * for (const { name, run } of sqlExecutorContract(inTransaction)) it(name, run);
 */
export const sqlExecutorContract = (
  inTransaction: (work: (executor: SqlExecutor) => Promise<void>) => Promise<unknown>,
): ContractCase[] =>
  Object.entries(CASES).map(([name, holds]) => ({
    name,
    run: async () => {
      let ran = false;
      await inTransaction(async (executor) => {
        await holds(executor);
        ran = true;
      });
      assert.ok(ran, 'The work was not run, or its failure was swallowed.');
    },
  }));
