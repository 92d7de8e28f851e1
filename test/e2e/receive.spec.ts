// Receiving, as senders and handlers meet it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cloneDatabase } from '../setup/database.js';
import { Rows, sendStripe, startShop, stripeEvent } from './receive.harness.js';
import type { Shop } from './receive.harness.js';

let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  const { url } = await cloneDatabase();
  rows = new Rows(url);
  shop = await startShop(url);
});
afterAll(async () => {
  await shop?.app.close();
  await rows?.end();
});

describe('a signed event', () => {
  it('runs its handlers, then is known', async () => {
    const { id, body } = stripeEvent('payment.made');
    expect(await sendStripe(shop, body)).toMatchObject({ status: 200, body: { status: 'processed' } });
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    expect(await sendStripe(shop, body)).toMatchObject({ status: 200, body: { status: 'already_processed' } });
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
  });
});
