// What was claimed ahead and is not to be sent any more does not leave, whoever holds it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { KeyRingCipher } from '../../src/index.js';
import type { SecretCipher } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import type { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';
import { createHost } from './host.harness.js';

const encryptionKey = randomBytes(32).toString('base64');

let scene: DeliveryScene;
let other: TestServer;
beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 32, encryptionKey });
  scene.holdForEver();
  other = await startTestServer({ databaseUrl: scene.server.databaseUrl, role: 'api', encryptionKey });
});
afterEach(() => scene.closeReceivers());
afterAll(async () => {
  await other?.close();
  await scene?.close();
});

/** The process that is asked: the one that sends, or one that only answers HTTP. */
const ASKED: [string, () => TestServer][] = [
  ['the process that sends', () => scene.server],
  ['one that only answers HTTP', () => other],
];

interface Sending {
  readonly id: string;
  readonly eventId: string;
}

const sending = ({ webhookId }: Target): Promise<Sending[]> =>
  scene.sql<Sending>(
    `SELECT id, event_id AS "eventId" FROM posthorn.delivery WHERE webhook_id = $1 AND status = 'sending' ORDER BY id`,
    [webhookId],
  );

const idsOf = ({ received }: TestReceiver): unknown[] => received.map(({ headers }) => headers['x-webhook-delivery']);

describe.each(ASKED)('asked of %s,', (_, asked) => {
  it('erasing a payload takes back what was claimed of it', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const inFlight = await scene.claimedAhead(receiver, target);
    const started = idsOf(receiver);
    const waiting = (await sending(target)).filter(({ id }) => !started.includes(id)).slice(-3);
    expect(waiting).toHaveLength(3);

    for (const { eventId } of waiting)
      expect((await asked().api('DELETE', `/api/events/${eventId}/data`)).status).toBe(204);
    const statuses = () => Promise.all(waiting.map(async ({ id }) => (await scene.delivery(id)).status));
    if (asked() === scene.server) expect(await statuses()).toEqual(['expired', 'expired', 'expired']);
    // All are still behind requests that nobody answers: it is not by their turn that they are held no longer.
    await eventually(async () => !(await statuses()).includes('sending'), 'what waited is given back');
    receiver.always(200);
    for (const response of inFlight) response.writeHead(200).end();
    expect(await scene.whatBecameOf(target.webhookId)).toMatchObject({ 'expired 0': 3 });
    for (const { id } of waiting) expect(await scene.delivery(id)).toMatchObject({ reason: 'payload_erased' });
    expect(idsOf(receiver).filter((id) => waiting.some((delivery) => delivery.id === id))).toEqual([]);
  });

  it('deleting a tenant takes back what was claimed for it', async () => {
    const tenant = `t-${randomUUID()}`;
    await scene.server.api('POST', '/api/tenants', { id: tenant, name: tenant });
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, {}, tenant);
    const inFlight = await scene.claimedAhead(receiver, target);
    const count = receiver.received.length;
    receiver.always(200);
    expect((await asked().api('DELETE', `/api/tenants/${tenant}`)).status).toBe(202);
    await eventually(async () => (await sending(target)).length === inFlight.length, 'what waited is given back');
    for (const response of inFlight) response.writeHead(200).end();
    await scene.whatBecameOf(target.webhookId);
    expect(receiver.received).toHaveLength(count);
  });
});

describe('a claim that was under way', () => {
  it('brings nothing that was erased meanwhile by another process', async () => {
    const idle = await DeliveryScene.open({ role: 'api', encryptionKey });
    const receiver = await scene.receiver(200);
    const [erased, kept] = [await idle.target(receiver.url), await idle.target(receiver.url)];
    const ids = [await erased.send(), await kept.send()];
    const opened: (() => void)[] = [];
    let isOpen = false;
    const worker = await createHost(
      idle.server.databaseUrl,
      {
        secretCipher: {
          inject: [KeyRingCipher],
          useFactory: (ring: KeyRingCipher): SecretCipher => ({
            encrypt: (text, owner) => ring.encrypt(text, owner),
            decrypt: async (sealed, owner) => {
              if (!isOpen) await new Promise<void>((resolve) => opened.push(resolve));
              return ring.decrypt(sealed, owner);
            },
            isCurrent: (sealed) => ring.isCurrent(sealed),
          }),
        },
      },
      false,
      { encryptionKey, role: 'worker' },
    );
    try {
      await worker.init();
      await eventually(() => opened.length === 2, 'both are claimed, and wait for their secrets');
      const { eventId } = await idle.delivery(ids[0]!);
      expect((await idle.server.api('DELETE', `/api/events/${eventId}/data`)).status).toBe(204);
      isOpen = true;
      for (const open of opened) open();
      expect(await idle.settled(ids[1]!)).toMatchObject({ status: 'success' });
      expect(await idle.settled(ids[0]!)).toMatchObject({ status: 'expired', attemptCount: 0 });
      expect(idsOf(receiver)).toEqual([ids[1]]);
    } finally {
      await worker.close();
      await idle.close();
    }
  });
});
