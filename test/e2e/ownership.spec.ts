// A URL is asked before a webhook may have it, where the installation says so.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Answer } from '../setup/receiver.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ ownershipChallenge: true });
});
afterEach(() => scene.closeReceivers());
afterAll(() => scene?.close());

const challengeIn = (body: Buffer): string => (JSON.parse(body.toString()) as { challenge: string }).challenge;
const asText: Answer = ({ body }, response) => response.end(challengeIn(body));
const asJson: Answer = ({ body }, response) => response.end(JSON.stringify({ challenge: challengeIn(body), more: 1 }));
const register = (url: string, at = scene) =>
  at.server.api<{ id: string }>('POST', '/api/webhooks', { url, events: ['order.*'] });
const count = async (at = scene): Promise<number> =>
  (await at.server.api<{ data: unknown[] }>('GET', '/api/webhooks?limit=250')).body.data.length;

it.each([
  ['as text', asText],
  ['as JSON', asJson],
])('a receiver that answers the challenge %s gets the webhook, and then its events', async (_, answer) => {
  const receiver = await scene.receiver(answer);
  expect((await register(receiver.url)).status).toBe(201);
  const asked = await receiver.next();
  expect(asked.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^Posthorn\//),
    'x-webhook-event': 'posthorn.webhook.challenge',
  });
  expect(Object.keys(asked.headers).filter((name) => name.includes('signature'))).toEqual([]);
  expect(JSON.parse(asked.body.toString())).toEqual({
    type: 'posthorn.webhook.challenge',
    challenge: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/),
  });
  receiver.always(200);
  await scene.dispatch('order.paid');
  expect((await receiver.next()).headers['x-webhook-event']).toBe('order.paid');
});

/** Registers a receiver that answers so, which gets no webhook. */
async function expectUnproven(at: DeliveryScene, answer: Answer): Promise<void> {
  const receiver = await at.receiver(answer);
  const before = await count(at);
  expect(await register(receiver.url, at)).toMatchObject({
    status: 400,
    body: { code: 'ownership_unproven', error: 'The URL did not answer the challenge that was sent to it.' },
  });
  expect(await count(at)).toBe(before);
  expect(receiver.received).toHaveLength(1);
}

it.each<[string, Answer]>([
  ['with nothing', 200],
  ['with something else', (_, response) => response.end('welcome')],
  ['with JSON of something else', (_, response) => response.end('{"challenge":1}')],
  ['with null', (_, response) => response.end('null')],
  ['with all that it was sent', ({ body }, response) => response.end(JSON.stringify([body.toString()]))],
  ['rightly, as an error', ({ body }, response) => response.writeHead(500).end(challengeIn(body))],
  ['by pointing elsewhere', (_, response) => response.writeHead(307, { location: '/hook' }).end()],
])('a receiver that answers %s gets no webhook', (_, answer) => expectUnproven(scene, answer));

it('a receiver that answers too late gets no webhook', async () => {
  const hasty = await DeliveryScene.open({ ownershipChallenge: true, deliveryTimeout: '1s' });
  try {
    await expectUnproven(hasty, () => undefined);
  } finally {
    await hasty.close();
  }
});

it('no two receivers are asked the same', async () => {
  const asked = await Promise.all([1, 2].map(() => scene.receiver(asText)));
  const challenges = await Promise.all(
    asked.map(async (receiver) => {
      await register(receiver.url);
      return challengeIn((await receiver.next()).body);
    }),
  );
  expect(new Set(challenges).size).toBe(2);
});

it('one that is not there is refused in the same words', async () => {
  const gone = await TestReceiver.start();
  const { url } = gone;
  await gone.close();
  expect(await register(url)).toMatchObject({ status: 400, body: { code: 'ownership_unproven' } });
});

it('another URL is asked too, and the webhook keeps the one that it had', async () => {
  const [first, second] = [await scene.receiver(asText), await scene.receiver(200)];
  const { id } = (await register(first.url)).body;
  const move = () => scene.server.api('PATCH', `/api/webhooks/${id}`, { url: second.url });
  expect(await move()).toMatchObject({ status: 400, body: { code: 'ownership_unproven' } });
  expect((await scene.server.api('GET', `/api/webhooks/${id}`)).body).toMatchObject({ url: first.url });
  second.always(asText);
  expect(await move()).toMatchObject({ status: 200, body: { url: second.url } });
  // What does not touch the URL asks nobody.
  await scene.server.api('PATCH', `/api/webhooks/${id}`, { description: 'ERP' });
  expect([first.received.length, second.received.length]).toEqual([1, 2]);
});
