import { appendFileSync } from 'node:fs';
import { TestPosthorn } from 'posthorn/testing';
import { Payments, ShopModule } from './shop.mjs';

const { afterAll, beforeAll, expect, test } = globalThis;

let posthorn;
beforeAll(async () => {
  posthorn = await TestPosthorn.create({ imports: [ShopModule] });
  appendFileSync(process.env.DATABASES, `${posthorn.databaseUrl}\n`);
}, 300_000);
afterAll(() => posthorn.close(), 60_000);

test('a payment becomes an event', async () => {
  const receiver = await posthorn.subscribe('order.*');
  const stripe = await posthorn.source('stripe');
  const paid = { id: 'evt_1', type: 'payment_intent.succeeded', data: { object: { id: 'pi_7' } } };
  expect(await stripe.send(paid)).toEqual({ status: 200, body: { status: 'processed' } });
  expect(await receiver.nextEvent()).toMatchObject({ event: 'order.paid', data: { id: 'pi_7' } });
  await posthorn.expectDelivered('order.paid', { id: 'pi_7' }, { times: 1 });
}, 60_000);

test('its own services are there', () => expect(posthorn.get(Payments)).toBeInstanceOf(Payments));
