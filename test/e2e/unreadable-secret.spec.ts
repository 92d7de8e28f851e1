import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene.close());

it('sends nothing unsigned when a secret cannot be read, says so once, and goes on with every other webhook', async () => {
  const said = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const receiver = await TestReceiver.start();
  const [broken, sound] = [await scene.target(receiver.url), await scene.target(receiver.url)];
  await scene.sql(`UPDATE posthorn.webhook_secret SET ciphertext = '\\x00' WHERE webhook_id = $1`, [broken.webhookId]);
  const lost = [await broken.send(), await broken.send(), await broken.send()];
  const sent = await sound.send();
  expect((await scene.settled(sent)).status).toBe('success');
  await scene.settled(await sound.send());
  expect(receiver.received.map(({ headers }) => headers['x-webhook-event'])).toEqual([sound.type, sound.type]);
  for (const id of lost) expect((await scene.delivery(id)).status).toBe('sending');
  // Which of them is told of is as it comes.
  await eventually(() => said.mock.calls.length >= 2, 'both are told');
  expect(said.mock.calls.map(([line]) => line as string)).toEqual([
    expect.stringMatching(/^Signing secret .* cannot be read: /),
    expect.stringMatching(/^Delivery .* could not be sent: none of its signing secrets can be read/),
  ]);
  await receiver.close();
});
