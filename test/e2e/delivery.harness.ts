// One server, one database, and deliveries followed to where a test wants them: shared by the specs about delivering.
import type { Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

/** One attempt, as the log shows it. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly error: string | null;
  readonly timing: {
    readonly waitMs: number | null;
    readonly connectMs: number | null;
    readonly firstByteMs: number | null;
    readonly bodyMs: number | null;
  } | null;
  readonly request: { readonly url: string | null; readonly headers: Record<string, string> };
  readonly response: { readonly headers: Record<string, string | string[]>; readonly body: string | null } | null;
}

/** One delivery, as the log shows it. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly event: string;
  readonly webhookId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly attemptCount: number;
  readonly lastHttpStatus: number | null;
  readonly nextAttemptAt: string | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly attempts: readonly Attempt[];
}

export interface WebhookView {
  readonly id: string;
  readonly active: boolean;
  readonly disabledReason: string | null;
}

interface Page<Row> {
  readonly data: readonly Row[];
}

const FINAL = ['success', 'client_error', 'failed', 'skipped', 'expired'];

/** A webhook that alone subscribes to a type of its own, so that tests of one file do not meet. */
export interface Target {
  readonly webhookId: string;
  readonly secret: string;
  readonly type: string;
  /** Dispatches one event to it and gives back the id of the delivery. */
  send(data?: object): Promise<string>;
}

export class DeliveryScene {
  private readonly receivers: TestReceiver[] = [];

  private constructor(
    readonly server: TestServer,
    private readonly pool: pg.Pool,
  ) {}

  /** @param handlers - Of what is received. */
  static async open(options: PosthornOptions = {}, handlers: readonly Provider[] = []): Promise<DeliveryScene> {
    const server = await startTestServer({ retrySchedule: ['20ms', '20ms'], circuitAfter: 0, ...options }, handlers);
    const pool = new pg.Pool({ connectionString: server.databaseUrl, max: 2 });
    // PostgreSQL may be stopped under us; without a listener that would end the run.
    pool.on('error', () => undefined);
    return new DeliveryScene(server, pool);
  }

  async close(): Promise<void> {
    await this.closeReceivers();
    await this.pool.end();
    await this.server.close();
  }

  /** A receiver for one test; {@link closeReceivers} after each. */
  async receiver(answer: Answer): Promise<TestReceiver> {
    const receiver = await TestReceiver.start(answer);
    this.receivers.push(receiver);
    return receiver;
  }

  async closeReceivers(): Promise<void> {
    await Promise.all(this.receivers.splice(0).map((receiver) => receiver.close()));
  }

  /** Registers a webhook for a type of its own. */
  async target(url: string, more: object = {}): Promise<Target> {
    const type = `test.${randomUUID()}`;
    const { id: webhookId, secret } = await this.server.webhook(url, [type], more);
    return {
      webhookId,
      secret,
      type,
      send: async (data = { n: 1 }) => {
        const eventId = await this.dispatch(type, data);
        return this.deliveryOf(eventId, webhookId);
      },
    };
  }

  /** Dispatches through the API; the id of the event. */
  async dispatch(event: string, data: object = { n: 1 }): Promise<string> {
    const { status, body } = await this.server.api<{ id: string }>('POST', '/api/events', { event, data });
    if (status !== 202) throw new Error(`The event was refused: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** The id of the delivery of an event to a webhook. */
  async deliveryOf(eventId: string, webhookId: string): Promise<string> {
    const { body } = await this.server.api<{ deliveries: readonly Delivery[] }>('GET', `/api/events/${eventId}`);
    const delivery = body.deliveries.find((each) => each.webhookId === webhookId);
    if (!delivery) throw new Error(`No delivery: ${JSON.stringify(body)}`);
    return delivery.id;
  }

  async delivery(id: string): Promise<Delivery> {
    return (await this.server.api<Delivery>('GET', `/api/deliveries/${id}`)).body;
  }

  /** The delivery, once it has one of these statuses. */
  async becomes(id: string, ...statuses: string[]): Promise<Delivery> {
    return eventually(
      async () => {
        const delivery = await this.delivery(id);
        if (!statuses.includes(delivery.status)) throw new Error(`It is ${JSON.stringify(delivery)}`);
        return delivery;
      },
      `delivery ${id} becomes ${statuses.join(' or ')}`,
    );
  }

  /** The delivery, once it is final. */
  settled(id: string): Promise<Delivery> {
    return this.becomes(id, ...FINAL);
  }

  async webhook(id: string): Promise<WebhookView> {
    return (await this.server.api<WebhookView>('GET', `/api/webhooks/${id}`)).body;
  }

  retry(id: string): Promise<{ status: number; body: { code?: string; status?: string } }> {
    return this.server.api('POST', `/api/deliveries/${id}/retry`);
  }

  /** The deliveries that the log holds of one event type. */
  async logged(type: string): Promise<readonly Delivery[]> {
    return (await this.server.api<Page<Delivery>>('GET', `/api/deliveries?limit=250&event=${type}`)).body.data;
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, [...values])).rows;
  }
}

/** Milliseconds from one instant of the log to another. */
export const msBetween = (from: string | null, to: string | null): number =>
  Date.parse(to ?? '') - Date.parse(from ?? '');
