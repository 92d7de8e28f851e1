import { afterAll, beforeAll, it } from '@jest/globals';
import pg from 'pg';
import { Notifications } from '../../src/platform/database/index.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

let server: TestServer;
let other: pg.Client;
beforeAll(async () => {
  server = await startTestServer();
  other = new pg.Client(server.databaseUrl);
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await server.close();
});

it('hints at once, and once more for all that is asked for meanwhile', async () => {
  let heard = 0;
  other.on('notification', () => (heard += 1));
  await other.query('LISTEN posthorn_topic');
  const hint = (): void => server.get(Notifications).hint('topic');
  const hears = (count: number): Promise<true> => eventually(() => heard === count, `${count} notifications`);

  for (let n = 0; n < 100; n += 1) hint();
  await hears(2);
  hint();
  await hears(3);
});
