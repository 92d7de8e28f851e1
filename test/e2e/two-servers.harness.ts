// Two servers that deliver from one database, and a receiver: shared by the specs about what both are asked to send.
import { afterAll, beforeAll, expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

/** What dispatching by the API answers. */
export interface DispatchAnswer {
  readonly id: string;
  readonly event: string;
  readonly deliveries: number;
}

/** What the API refuses with. */
export interface Refusal {
  readonly error: string;
  readonly code: string;
}

/** The id of nothing. */
export const UNKNOWN_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

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

  /** Dispatches an event by the API of one of them. */
  async send(event: string, data: object, more: object = {}, from = this.scene): Promise<DispatchAnswer> {
    const { status, body } = await from.server.api<DispatchAnswer>('POST', '/api/events', { event, data, ...more });
    expect(status).toBe(202);
    return body;
  }

  /** A webhook of the receiver for one type; its id. */
  async hook(type: string, filter?: object | null): Promise<string> {
    return (await this.scene.server.webhook(this.receiver.url, [type], filter === undefined ? {} : { filter })).id;
  }

  patch(webhookId: string, change: object, at = this.scene) {
    return at.server.api('PATCH', `/api/webhooks/${webhookId}`, change);
  }

  /** How many events of a type are stored. */
  async countOf(type: string): Promise<number> {
    return (await this.scene.sql('SELECT FROM posthorn.event WHERE type = $1', [type])).length;
  }
}
