// Custom headers on the wire: with every attempt, as they are now, and never in the log.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
let receiver: TestReceiver;
beforeAll(async () => {
  scene = await DeliveryScene.open();
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await scene?.close();
  await receiver?.close();
});

it('are sent with every attempt, to the byte, and shown without their values', async () => {
  receiver.answers(500);
  const headers = { 'X-Api-Key': 'k-1234', Authorization: 'Bearer t.o.k', 'X-Latin': 'caf\u00e9' };
  const target = await scene.target(receiver.url, { headers });
  const id = await target.send();
  for (const number of ['1', '2']) {
    const { rawHeaders, headers: got } = await receiver.next();
    expect(got).toMatchObject({ 'x-webhook-attempt': number, 'x-api-key': 'k-1234', authorization: 'Bearer t.o.k' });
    expect(rawHeaders.slice(rawHeaders.indexOf('X-Latin')).slice(0, 2)).toEqual(['X-Latin', 'caf\u00e9']);
  }
  const { attempts } = await scene.settled(id);
  expect(attempts).toHaveLength(2);
  for (const { request } of attempts) {
    expect(request.headers).toMatchObject({
      'X-Api-Key': '[masked]',
      Authorization: '[masked]',
      'X-Latin': '[masked]',
    });
    expect(JSON.stringify(request)).not.toMatch(/k-1234|t\.o\.k/);
  }
});

it('are masked in what the receiver answers', async () => {
  receiver.answers(({ headers, rawHeaders }, response) =>
    response.setHeader('x-seen', String(headers['x-api-key'])).end(JSON.stringify(rawHeaders)),
  );
  const target = await scene.target(receiver.url, {
    headers: { 'X-Api-Key': 'the-key-of-headers' },
    authentication: { type: 'bearer', token: 'the-token-of-headers' },
  });
  const { attempts } = await scene.settled(await target.send());
  expect(attempts[0]?.response).toMatchObject({
    headers: { 'x-seen': '[masked]' },
    body: expect.stringContaining('"Authorization","[masked]"'),
  });
  expect(JSON.stringify(attempts)).not.toContain('of-headers');
  await receiver.next();
});

it('are the webhook’s current ones, on a retry too', async () => {
  receiver.answers(500);
  const target = await scene.target(receiver.url, { headers: { 'X-Old': '1' }, retrySchedule: ['1h'] });
  const id = await target.send();
  expect((await receiver.next()).headers).toMatchObject({ 'x-old': '1' });
  await scene.becomes(id, 'retrying');
  await scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, { headers: { 'X-New': '2' } });
  await scene.retry(id);
  const { headers } = await receiver.next();
  expect(headers).toMatchObject({ 'x-new': '2' });
  expect(headers).not.toHaveProperty('x-old');
});

it('of one webhook are not sent to another', async () => {
  const [first, second] = [
    await scene.target(receiver.url, { headers: { 'X-A': 'a' } }),
    await scene.target(receiver.url),
  ];
  await first.send();
  expect((await receiver.next()).headers).toHaveProperty('x-a', 'a');
  await second.send();
  expect((await receiver.next()).headers).not.toHaveProperty('x-a');
});
