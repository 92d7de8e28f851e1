// Large payloads and receivers that hang: what is small is sent all the same.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { Sender } from '../../src/delivery/sender.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';

const HANGING = 6;
const EVENTS = 24;
const LARGE = { note: 'x'.repeat(250_000) };

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());

it('webhooks that hang with large payloads hold up no small ones, and get all of theirs once they answer', async () => {
  const held: ServerResponse[] = [];
  const hanging = await scene.receiver((_, response) => void held.push(response));
  const type = 'large.payload';
  for (let n = 0; n < HANGING; n += 1) await scene.server.webhook(hanging.url, [type]);
  const events = Array.from({ length: EVENTS }, () => ({ event: type, data: LARGE }));
  expect((await scene.server.api('POST', '/api/events/batch', { events })).status).toBe(202);
  const { queue } = scene.server.get(Sender);
  await eventually(() => !queue.room().takesLarge, 'as many large payloads wait as may');

  const well = await scene.receiver(200);
  const small = await scene.target(well.url);
  for (let n = 0; n < 3; n += 1) {
    // What has a key waits in the table for a claim; other events may be claimed as they are stored.
    await scene.server.api('POST', '/api/events', { event: small.type, data: { n }, idempotencyKey: `key-${n}` });
    await well.next();
  }
  await scene.settled(await small.send());
  expect(queue.room().takesLarge).toBe(false);

  hanging.always(200);
  for (const response of held) response.writeHead(200).end();
  await eventually(async () => {
    const rows = await scene.sql(`SELECT FROM posthorn.delivery WHERE event_type = $1 AND status = 'success'`, [type]);
    return rows.length === HANGING * EVENTS;
  }, 'all large payloads are delivered');
  expect(hanging.received).toHaveLength(HANGING * EVENTS);
});
