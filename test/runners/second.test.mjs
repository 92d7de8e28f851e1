import { appendFileSync } from 'node:fs';
import { EventDispatcher } from 'posthorn';
import { TestPosthorn } from 'posthorn/testing';

const { afterAll, beforeAll, test } = globalThis;

let posthorn;
beforeAll(async () => {
  posthorn = await TestPosthorn.create();
  appendFileSync(process.env.DATABASES, `${posthorn.databaseUrl}\n`);
}, 300_000);
afterAll(() => posthorn.close(), 60_000);

test('it stands alone, too', async () => {
  await posthorn.subscribe('*');
  await posthorn.get(EventDispatcher).dispatch('order.paid', { id: 'pi_8' });
  await posthorn.expectDelivered('order.paid', { id: 'pi_8' }, { times: 1 });
}, 60_000);
