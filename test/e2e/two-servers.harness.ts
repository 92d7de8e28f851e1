// Two servers that deliver from one database, and a receiver: shared by the specs about what both are asked to send.
import { afterAll, beforeAll } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

export class TwoServers {
  scene!: DeliveryScene;
  /** A second server on the same database. */
  replica!: DeliveryScene;
  receiver!: TestReceiver;

  /** Opens them for the tests of a file. */
  static forTests(): TwoServers {
    const both = new TwoServers();
    beforeAll(async () => {
      const shared = { databaseUrl: (await cloneDatabase()).url, encryptionKey: randomBytes(32).toString('base64') };
      [both.scene, both.replica] = await Promise.all([DeliveryScene.open(shared), DeliveryScene.open(shared)]);
      both.receiver = await TestReceiver.start();
    });
    afterAll(async () => {
      await both.receiver?.close();
      await both.replica?.close();
      await both.scene?.close();
    });
    return both;
  }
}
