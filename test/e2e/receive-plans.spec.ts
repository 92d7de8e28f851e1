// What receiving reads. Plans are made once per connection, and may be made while the tables are empty.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openScene, sendStripe } from './receive.harness.js';
import type { Scene } from './receive.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

const EVENTS = 60;

let scene: Scene;
beforeAll(async () => {
  // It takes and runs, and looks for nothing of its own accord.
  scene = await openScene([], { role: 'api' });
});
afterAll(() => scene?.rows.end());

it('finds events, runs and the ledger by their keys from the first one on, and never reads a table through', async () => {
  const { shop, rows } = scene;
  for (let n = 0; n < EVENTS; n += 1) {
    const { body } = stripeEvent('payment.made');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
  }
  // Connections report what they read when they close, at the latest.
  await shop.app.close();
  const read = await rows.query(
    `SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables
     WHERE relname ~ '^(received_key$|(received_event|handler_run)_(\\d|default))'`,
  );
  expect(read).toEqual([{ read: 0 }]);
});
