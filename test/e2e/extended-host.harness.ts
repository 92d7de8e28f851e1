// A host application that puts classes of its own in places which Posthorn leaves for them, and injects a provider of its own
// into them: shared by the specs about each of these places.
import { afterAll, beforeAll } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplication, LoggerService } from '@nestjs/common';
import { EventDispatcher } from '../../src/index.js';
import type { PosthornModuleExtras } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { callHost, createHost, listen } from './host.harness.js';

/** What the host knows of its customers. */
@Injectable()
export class Plans {
  isFree(eventType: string): boolean {
    return eventType.startsWith('free.');
  }
}

@Module({ providers: [Plans], exports: [Plans] })
export class PlansModule {}

export interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly attemptCount: number;
}

export class ExtendedHost {
  /** What was logged as an error. */
  readonly errors: string[] = [];
  private readonly receivers: TestReceiver[] = [];
  private opened: { readonly app: INestApplication; readonly url: string } | undefined;

  /** Opens it for the tests of a file. */
  static forTests(extras: PosthornModuleExtras): ExtendedHost {
    const host = new ExtendedHost();
    beforeAll(() => host.open(extras));
    afterAll(() => host.close());
    return host;
  }

  get app(): INestApplication {
    if (!this.opened) throw new Error('The host is not open.');
    return this.opened.app;
  }

  api<Body>(method: string, route: string, body?: object): Promise<{ status: number; body: Body }> {
    return callHost(this.opened?.url ?? '', method, route, body);
  }

  async receiver(answer = 200): Promise<TestReceiver> {
    const receiver = await TestReceiver.start(answer);
    this.receivers.push(receiver);
    return receiver;
  }

  /** Sends one event of this type to a receiver that always answers so, and follows it to its end. */
  async outcomeOf(type: string, answer: number, own: object = {}): Promise<Delivery & { readonly webhookId: string }> {
    const { url } = await this.receiver(answer);
    const webhook = await this.api<{ id: string }>('POST', '/api/webhooks', { url, events: [type], ...own });
    await this.app.get(EventDispatcher).dispatch(type, {});
    const delivery = await eventually(async () => {
      const newest = await this.newestDelivery(webhook.body.id);
      return newest && !['pending', 'retrying', 'sending'].includes(newest.status) && newest;
    }, `the delivery of ${type} ends`);
    return { ...delivery, webhookId: webhook.body.id };
  }

  async newestDelivery(webhookId: string): Promise<Delivery | undefined> {
    return (await this.api<{ data: Delivery[] }>('GET', `/api/deliveries?webhookId=${webhookId}`)).body.data[0];
  }

  private async open(extras: PosthornModuleExtras): Promise<void> {
    const logger: LoggerService = {
      log: () => undefined,
      warn: () => undefined,
      error: (message: unknown) => void this.errors.push(String(message)),
    };
    const { url: databaseUrl } = await cloneDatabase();
    const app = await createHost(databaseUrl, extras, logger);
    this.opened = { app, url: await listen(app) };
  }

  private async close(): Promise<void> {
    await Promise.all(this.receivers.map((receiver) => receiver.close()));
    await this.opened?.app.close();
  }
}
