// A connection that goes away in the middle of a transaction fails that transaction, and nothing else.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { dataSourceOptions } from '../../src/persistence.js';
import { Database } from '../../src/platform/database/database.js';
import { PosthornDataSource } from '../../src/platform/database/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';

let dataSource: PosthornDataSource;
let database: Database;
let admin: pg.Client;
beforeAll(async () => {
  const { url } = await cloneDatabase();
  dataSource = new PosthornDataSource(dataSourceOptions({ url }));
  await dataSource.initialize();
  database = new Database(dataSource);
  admin = new pg.Client(url);
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await dataSource?.destroy();
});

it('between two statements, is an error of the transaction and not of the process', async () => {
  const transaction = database.transaction(async (executor) => {
    const [row] = await executor.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
    await admin.query('select pg_terminate_backend($1)', [row?.pid]);
    await eventually(
      () =>
        executor.query({ text: 'SELECT 1' }).then(
          () => false,
          () => true,
        ),
      'the connection is gone',
    );
    return executor.query({ text: 'SELECT 1' });
  });
  await expect(transaction).rejects.toThrow();
  expect(await database.query({ text: 'SELECT 1 AS one' })).toEqual([{ one: 1 }]);
});
