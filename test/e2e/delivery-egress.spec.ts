// What was allowed when a webhook was registered may be forbidden when we connect: the address decides, every time.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type Dns from 'node:dns/promises';
import { createRequire } from 'node:module';
import { TestReceiver } from '../setup/receiver.js';
import type { DeliveryScene as Scene } from './delivery.harness.js';

const NAME = 'hooks.shop.example';
const PUBLIC = { address: '93.184.215.14', family: 4 };
const LOOPBACK = { address: '127.0.0.1', family: 4 };

// The resolver of the operating system, as a test can have it: what the name resolves to, from one moment to the next.
let answers = [PUBLIC];
// Required, because importing it would fix its functions for every module of this test before we change one.
const dns = createRequire(import.meta.url)('node:dns/promises') as typeof Dns;
const ofTheSystem = dns.lookup;
dns.lookup = ((name: string, options: object) =>
  name === NAME ? Promise.resolve(answers) : ofTheSystem(name, options)) as typeof dns.lookup;

let strict: Scene;
let permissive: Scene;
let receiver: TestReceiver;

beforeAll(async () => {
  // After the resolver above is in its place.
  const { cloneDatabase } = await import('../setup/database.js');
  const { DeliveryScene } = await import('./delivery.harness.js');
  const shared = { databaseUrl: (await cloneDatabase()).url, encryptionKey: randomBytes(32).toString('base64') };
  receiver = await TestReceiver.start();
  // One takes the registrations and sends nothing; the other sends.
  permissive = await DeliveryScene.open({ ...shared, role: 'api' });
  strict = await DeliveryScene.open({ ...shared, role: 'worker', allowNetworks: [] });
});
afterAll(async () => {
  dns.lookup = ofTheSystem;
  await strict?.close();
  await permissive?.close();
  await receiver?.close();
});

describe('an address that is forbidden when we connect', () => {
  const denied = {
    status: 'failed',
    reason: 'egress_denied',
    attemptCount: 1,
    nextAttemptAt: null,
    attempts: [{ outcome: 'egress_denied', error: 'EGRESS_DENIED', httpStatus: null, response: null }],
  };

  it('is final, though registering it was allowed, and no byte reaches it', async () => {
    const target = await permissive.target(receiver.url);
    expect(await permissive.settled(await target.send())).toMatchObject(denied);
    expect(receiver.received).toHaveLength(0);
  });

  it('is final behind a name that resolved to a public address at registration and to a private one now', async () => {
    answers = [PUBLIC];
    const target = await permissive.target(receiver.url.replace('127.0.0.1', NAME));
    answers = [LOOPBACK];
    expect(await permissive.settled(await target.send())).toMatchObject(denied);
    answers = [PUBLIC, LOOPBACK];
    expect(await permissive.settled(await target.send())).toMatchObject(denied);
    expect(receiver.received).toHaveLength(0);
  });

  it('shows neither the address nor the reason of the look-up in the log', async () => {
    answers = [LOOPBACK];
    const target = await permissive.target(receiver.url.replace('127.0.0.1', NAME));
    const delivery = await permissive.settled(await target.send());
    expect(JSON.stringify(delivery)).not.toContain('127.0.0.1');
  });

  it('is final whatever got into the table: localhost, an address in another spelling', async () => {
    const { port } = new URL(receiver.url);
    for (const host of [
      'localhost',
      'LOCALHOST.',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f.1',
      '169.254.169.254',
    ]) {
      const target = await permissive.target(receiver.url);
      await permissive.sql('UPDATE posthorn.webhook SET url = $2 WHERE id = $1', [
        target.webhookId,
        `http://${host}:${port}/hook`,
      ]);
      const { status, reason } = await permissive.settled(await target.send());
      expect({ host, status, reason }).toEqual({ host, status: 'failed', reason: 'egress_denied' });
    }
    expect(receiver.received).toHaveLength(0);
  });
});
