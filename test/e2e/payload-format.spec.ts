// Payload formats on the wire: what receivers of CloudEvents get, signed like everything else.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { TestReceiver } from '../setup/receiver.js';
import type { Received } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

const PUBLIC_URL = 'https://hooks.example/posthorn';
const DATA = { orderId: '1042', price: '€ 9' };

let scene: DeliveryScene;
let receiver: TestReceiver;
beforeAll(async () => {
  scene = await DeliveryScene.open({ publicUrl: PUBLIC_URL });
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await scene?.close();
  await receiver?.close();
});

function expectSigned({ headers, body }: Received, secret: string): void {
  expect(headers['x-webhook-signature']).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const standard = headers as Record<string, string>;
  // Throws where the signature is not over these bytes; what it parses is no concern here.
  new StandardWebhook(secret).verify(body.toString(), standard);
}

it('cloudevents-binary sends the data alone, and the attributes as headers', async () => {
  const target = await scene.target(receiver.url, { format: 'cloudevents-binary' });
  const eventId = await scene.dispatch(target.type, DATA);
  const request = await receiver.next();
  expect(request.body.toString()).toBe(JSON.stringify(DATA));
  expect(request.headers).toMatchObject({
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': eventId,
    'ce-source': PUBLIC_URL,
    'ce-type': target.type,
    'ce-time': expect.stringMatching(/^\d{4}-.*Z$/),
    'webhook-id': eventId,
  });
  expectSigned(request, target.secret);
});

it('cloudevents-structured sends one JSON document', async () => {
  const target = await scene.target(receiver.url, { format: 'cloudevents-structured' });
  const eventId = await scene.dispatch(target.type, DATA);
  const request = await receiver.next();
  expect(request.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
  expect(JSON.parse(request.body.toString())).toEqual({
    specversion: '1.0',
    id: eventId,
    source: PUBLIC_URL,
    type: target.type,
    time: expect.any(String),
    datacontenttype: 'application/json',
    data: DATA,
  });
  expectSigned(request, target.secret);
});

it('one event goes to each webhook in its own format', async () => {
  const target = await scene.target(receiver.url, { format: 'native' });
  await scene.server.webhook(receiver.url, [target.type], { format: 'cloudevents-binary' });
  await scene.server.webhook(receiver.url, [target.type], { format: 'cloudevents-structured' });
  await scene.dispatch(target.type, DATA);
  const types = [await receiver.next(), await receiver.next(), await receiver.next()].map(({ headers, body }) => [
    headers['content-type'],
    'ce-id' in headers,
    Object.keys(JSON.parse(body.toString()) as object)[0],
  ]);
  expect(types.sort()).toEqual([
    ['application/cloudevents+json; charset=utf-8', false, 'specversion'],
    ['application/json', false, 'id'],
    ['application/json', true, 'orderId'],
  ]);
});
