// A pause holds for all workers on a database, whichever of them found out that the webhook wants nothing.
import { expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import type { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';
import { closedAfterEach } from './pace.harness.js';

const { receive, keep, closeNow } = closedAfterEach();

/** Opens workers on one database. */
async function workers(): Promise<() => Promise<DeliveryScene>> {
  const shared: PosthornOptions = {
    databaseUrl: (await cloneDatabase()).url,
    encryptionKey: randomBytes(32).toString('base64'),
    deliveryConcurrency: 16,
    circuitAfter: 5,
    retrySchedule: [],
  };
  return async () => {
    const scene = await DeliveryScene.open(shared);
    keep(scene);
    return scene;
  };
}

/** A webhook whose circuit is open and stays so, and another that is well. */
async function openedCircuit(
  scene: DeliveryScene,
): Promise<{ receiver: TestReceiver; target: Target; witness: TestReceiver; other: Target }> {
  const [receiver, witness] = [await receive(500), await receive(200)];
  const target = await scene.target(receiver.url);
  const other = await scene.target(witness.url);
  for (let n = 0; n < 5; n += 1) await scene.settled(await target.send());
  await scene.holdPause(target.webhookId);
  return { receiver, target, witness, other };
}

/** What has a key waits in the table for a claim, and a claim walks all webhooks. */
async function claimsAll(scene: DeliveryScene, other: Target, witness: TestReceiver): Promise<void> {
  const key = { event: other.type, data: {}, idempotencyKey: `key-${witness.received.length}` };
  await scene.server.api('POST', '/api/events', key);
  await witness.next();
}

it('a circuit that one worker opened holds for another, and for one that starts later', async () => {
  const worker = await workers();
  const [one, two] = [await worker(), await worker()];
  const { receiver, target, witness, other } = await openedCircuit(one);
  const waiting = [await target.send()];
  await closeNow(one);

  await claimsAll(two, other, witness);
  expect(receiver.received).toHaveLength(5);
  const three = await worker();
  await closeNow(two);
  await claimsAll(three, other, witness);
  expect(receiver.received).toHaveLength(5);

  receiver.always(200);
  await three.endPause(target.webhookId);
  for (const id of waiting) await three.becomes(id, 'success');
});

it('a webhook whose pause is over gets one request from each worker, and nothing more until one of them is answered', async () => {
  const worker = await workers();
  const [one, two] = [await worker(), await worker()];
  const { receiver, target, witness, other } = await openedCircuit(one);
  const waiting = await Promise.all(Array.from({ length: 6 }, () => target.send()));

  const inFlight: ServerResponse[] = [];
  receiver.always((_, response) => void inFlight.push(response));
  await one.endPause(target.webhookId);
  await eventually(() => inFlight.length === 2, 'both probe');
  for (const scene of [one, two, one, two]) await claimsAll(scene, other, witness);
  expect(inFlight).toHaveLength(2);

  receiver.always(200);
  for (const response of inFlight) response.writeHead(200).end();
  for (const id of waiting) await one.becomes(id, 'success');
});

it('a pause that a receiver asked one worker for reaches what another has claimed ahead', async () => {
  const worker = await workers();
  const one = await worker();
  one.holdForEver();
  const receiver = await receive(200);
  const target = await one.target(receiver.url);
  const inFlight = await one.claimedAhead(receiver, target);
  const answered = receiver.received.length - inFlight.length;
  receiver.always((_, response) => void response.writeHead(429, { 'retry-after': '600' }).end());
  const two = await worker();
  const isGivenBack = async (): Promise<boolean> => {
    const sending = await two.sql(`SELECT FROM posthorn.delivery WHERE webhook_id = $1 AND status = 'sending'`, [
      target.webhookId,
    ]);
    return sending.length === inFlight.length;
  };
  await eventually(isGivenBack, 'what waited at the other is given back');
  for (const response of inFlight) response.writeHead(200).end();
  const became = await two.whatBecameOf(target.webhookId);
  expect(became).toEqual({
    'success 1': answered + inFlight.length,
    'failed 1': receiver.received.length - answered - inFlight.length,
    'pending 0': 500 - receiver.received.length,
  });
});
