import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene.close());

it('sends nothing unsigned when a secret cannot be read, and goes on with every other webhook', async () => {
  const receiver = await TestReceiver.start();
  const [broken, sound] = [await scene.target(receiver.url), await scene.target(receiver.url)];
  await scene.sql(`UPDATE posthorn.webhook_secret SET ciphertext = '\\x00' WHERE webhook_id = $1`, [broken.webhookId]);
  const lost = await broken.send();
  const sent = await sound.send();
  expect((await scene.settled(sent)).status).toBe('success');
  await scene.settled(await sound.send());
  expect(receiver.received.map(({ headers }) => headers['x-webhook-event'])).toEqual([sound.type, sound.type]);
  expect((await scene.delivery(lost)).status).toBe('sending');
  await receiver.close();
});
