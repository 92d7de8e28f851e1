import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { EventDispatcher } from '../../src/outbound/index.js';
import { Database, MAX_NAMES_OF_HINT, Notifications } from '../../src/platform/database/index.js';
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

it('tells what it is about, in one hint for many calls, as long as that can be named', async () => {
  const payloads: (string | undefined)[] = [];
  other.on('notification', ({ channel, payload }) => void (channel === 'posthorn_named' && payloads.push(payload)));
  await other.query('LISTEN posthorn_named');
  const notifications = server.get(Notifications);
  const tells = (last: string): Promise<true> => eventually(() => payloads.at(-1) === last, `a hint of '${last}'`);

  for (const name of ['a', 'b', 'c', 'b']) notifications.hint('named', [name]);
  await tells('b,c');
  expect(payloads).toEqual(['a', 'b,c']);
  notifications.hint('named', ['d']);
  notifications.hint('named');
  await tells('');
  const ids = Array.from({ length: MAX_NAMES_OF_HINT + 1 }, () => newId());
  notifications.hint('named', ids.slice(1));
  await tells(ids.slice(1).join(','));
  notifications.hint('named', ids);
  await tells('');
  await other.query(notifications.hintStatement('named', ["it's"]).text);
  await tells("it's");
});

it('names the webhooks that something became due for, whichever way it did', async () => {
  const { id: webhookId } = await server.webhook('http://127.0.0.1:9/', ['order.made'], { maxInFlight: 1 });
  const heard: (string | undefined)[] = [];
  other.on('notification', ({ channel, payload }) => void (channel === 'posthorn_due' && heard.push(payload)));
  await other.query('LISTEN posthorn_due');
  const names = async (act: () => Promise<unknown>): Promise<void> => {
    heard.length = 0;
    await act();
    await eventually(() => heard.includes(webhookId), `a hint that names the webhook, not ${JSON.stringify(heard)}`);
  };

  const event = 'order.made';
  const dispatcher = server.get(EventDispatcher);
  await names(() => server.api('POST', '/api/events', { event, data: {} }));
  await names(() => server.api('POST', '/api/events', { event, data: {}, idempotencyKey: 'one' }));
  await names(() => server.api('POST', '/api/events/batch', { events: [{ event, data: {} }] }));
  await names(() => server.get(Database).transaction((transaction) => dispatcher.dispatch(event, {}, { transaction })));
  await names(() => server.api('POST', `/api/webhooks/${webhookId}/test`, {}));
});
