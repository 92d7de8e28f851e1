import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestPosthorn } from 'posthorn/testing';
import type { TestSource } from 'posthorn/testing';
import { DataSource } from 'typeorm';
import { ShopModule } from '../src/shop.module.js';
import { ShopOrder } from '../src/shop-order.entity.js';

let posthorn: TestPosthorn;
let stripe: TestSource;

beforeAll(async () => {
  posthorn = await TestPosthorn.create({
    imports: ({ url }) => [ShopModule.register(url)],
    postgres: process.env.TEST_DATABASE_URL, // absent: one of our own
  });
  stripe = await posthorn.source('stripe');
});
afterAll(() => posthorn.close());

const paid = (orderId: string) => ({
  id: `evt_${orderId}`,
  type: 'payment_intent.succeeded',
  data: { object: { id: `pi_${orderId}`, amount: 9995, metadata: { orderId } } },
});
const order = (id: string): Promise<unknown> => posthorn.get(DataSource).getRepository(ShopOrder).insert({ id });

it('completes the order of a payment, and tells its customers', async () => {
  await order('1042');
  const customer = await posthorn.subscribe('order.*');
  expect(await stripe.send(paid('1042'))).toEqual({ status: 200, body: { status: 'processed' } });

  expect(await customer.nextEvent()).toMatchObject({ data: { orderId: '1042', total: '99.95' } });
  const [stored] = await posthorn.get(DataSource).getRepository(ShopOrder).findBy({ id: '1042' });
  expect(stored?.completed).toBe(true);
});

it('tells nobody of an order that is not there, and has Stripe send again', async () => {
  expect(await stripe.send(paid('7'))).toMatchObject({ status: 500 });
  await posthorn.expectDelivered('order.completed', { orderId: '7' }, { times: 0 });
});

it('is patient with customers who are deploying', async () => {
  await order('1043');
  const customer = await posthorn.subscribe('order.completed');
  customer.answers(404, 404);
  await stripe.send(paid('1043'));
  await posthorn.drain();
  const delivered = await posthorn.expectDelivered('order.completed', { orderId: '1043' });
  expect(delivered.find(({ url }) => url === customer.url)?.attemptCount).toBe(3);
});

it('shows its staff what was delivered, and nobody else', async () => {
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${posthorn.url}/api/deliveries`, { headers });
  expect((await ask({ 'x-staff': 'ada' })).status).toBe(200);
  expect((await ask({})).status).toBe(401);
});
