// What delivering reads. Plans are made once per connection, and may be made while the tables are empty.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { Sweeper } from '../../src/delivery/sweeper.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

const EVENTS = 60;

let scene: DeliveryScene;
let receiver: TestReceiver;
beforeAll(async () => {
  // Few connections: each makes its plans early, while there is next to nothing to read, and keeps them.
  scene = await DeliveryScene.open({ databasePool: 4 });
  receiver = await TestReceiver.start();
});
afterAll(() => receiver.close());

it('finds events and deliveries by their keys from the first one on, and never reads a table through', async () => {
  const target = await scene.target(receiver.url);
  const ids: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    ids.push(await target.send({ n }));
    await receiver.next();
  }
  for (const id of ids) expect(await scene.settled(id)).toMatchObject({ status: 'success' });
  // Often enough for each connection to have swept; the slow looks, one sweep in twenty, may read more.
  for (let n = 0; n < 12; n += 1) await scene.server.app.get(Sweeper, { strict: false }).sweep();
  // Connections report what they read when they close, at the latest.
  await scene.close();

  const client = new pg.Client(scene.server.databaseUrl);
  await client.connect();
  const { rows } = await client.query<{ read: number }>(
    `SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables WHERE relname ~ '^(event|delivery)_(\\d|default)'`,
  );
  await client.end();
  expect(rows).toEqual([{ read: 0 }]);
});
