// The shop as a module of today: `import` of the installed package.
import { TestPosthorn } from 'posthorn/testing';
import { DataSource } from 'typeorm';
import { ShopModule } from './dist/shop.module.js';

const posthorn = await TestPosthorn.create({
  imports: ({ url }) => [ShopModule.register(url)],
  postgres: process.env.TEST_DATABASE_URL,
});
await posthorn.get(DataSource).query(`INSERT INTO shop_order (id, completed) VALUES ('1042', false)`);
const customer = await posthorn.subscribe('order.*');
const stripe = await posthorn.source('stripe');
const answer = await stripe.send({
  id: 'evt_1',
  type: 'payment_intent.succeeded',
  data: { object: { id: 'pi_7', amount: 9995, metadata: { orderId: '1042' } } },
});
const { event, data } = await customer.nextEvent();
await posthorn.close();
console.log(JSON.stringify({ answer, event, data }));
