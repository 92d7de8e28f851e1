// One server, one database, and deliveries followed to where a test wants them: shared by the specs about delivering.
import type { Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import pg from 'pg';
import { Sender } from '../../src/delivery/sender.js';
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

/** What is held against a webhook. */
interface Health {
  readonly consecutive_failures: number;
  readonly times_opened: number;
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
  /** Whose it is, where not the default tenant's. */
  readonly tenant?: string;
  /** Dispatches one event to it and gives back the id of the delivery. */
  send(data?: object): Promise<string>;
}

export class DeliveryScene {
  private readonly receivers: TestReceiver[] = [];

  private constructor(
    readonly server: TestServer,
    private readonly pool: pg.Pool,
    /** Requests that one webhook may have in flight. */
    private readonly perWebhook: number,
  ) {}

  /** @param handlers - Of what is received. */
  static async open(options: PosthornOptions = {}, handlers: readonly Provider[] = []): Promise<DeliveryScene> {
    const server = await startTestServer({ retrySchedule: ['20ms', '20ms'], circuitAfter: 0, ...options }, handlers);
    const pool = new pg.Pool({ connectionString: server.databaseUrl, max: 2 });
    // PostgreSQL may be stopped under us; without a listener that would end the run.
    pool.on('error', () => undefined);
    return new DeliveryScene(server, pool, Number(options.deliveryConcurrency ?? 256) / 4);
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
  async target(url: string, more: object = {}, tenant?: string): Promise<Target> {
    const type = `test.${randomUUID()}`;
    const { id: webhookId, secret } = await this.server.webhook(url, [type], more, tenant);
    return {
      webhookId,
      secret,
      type,
      tenant,
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

  /**
   * Dispatches many events, which the receiver answers quickly, until many more are claimed than are in flight. From then
   * on it answers nothing by itself: gives back what is in flight.
   */
  async claimedAhead(receiver: TestReceiver, { webhookId, type, tenant }: Target): Promise<ServerResponse[]> {
    const inFlight: ServerResponse[] = [];
    let quick = 50;
    receiver.always((_, response) => {
      if (quick-- > 0) response.writeHead(200).end();
      else inFlight.push(response);
    });
    const events = Array.from({ length: 500 }, (_, n) => ({ event: type, data: { n } }));
    const { status } = await this.server.api('POST', '/api/events/batch', { events }, { tenant });
    if (status !== 202) throw new Error(`The events were refused: ${status}`);
    const count = async (states: string): Promise<number> => {
      const [row] = await this.sql<{ count: number }>(
        `SELECT count(*)::int AS count FROM posthorn.delivery WHERE webhook_id = $1 AND status = ANY ($2::text[])`,
        [webhookId, states],
      );
      return row?.count ?? 0;
    };
    await eventually(async () => {
      if (inFlight.length < this.perWebhook) return false;
      if ((await count('{success}')) < receiver.received.length - this.perWebhook) return false;
      if ((await count('{sending}')) > 3 * this.perWebhook) return true;
      // On a machine that was busy just now it did not seem quick.
      quick = 20;
      for (const response of inFlight.splice(0)) response.writeHead(200).end();
      return false;
    }, `more is claimed of ${webhookId} than is in flight`);
    return inFlight;
  }

  /** What has become of the deliveries of a webhook: how many there are by state and attempts, once none is being sent. */
  async whatBecameOf(webhookId: string): Promise<Record<string, number>> {
    return eventually(async () => {
      const rows = await this.sql<{ what: string; count: number }>(
        `SELECT concat_ws(' ', status, attempt_count) AS what, count(*)::int AS count FROM posthorn.delivery
         WHERE webhook_id = $1 GROUP BY status, attempt_count`,
        [webhookId],
      );
      return (
        !rows.some(({ what }) => what.startsWith('sending')) &&
        Object.fromEntries(rows.map((row) => [row.what, row.count]))
      );
    }, `nothing of ${webhookId} is being sent`);
  }

  /** What is held against a webhook; `undefined`: nothing. */
  async healthOf(webhookId: string): Promise<Health | undefined> {
    const text = 'SELECT * FROM posthorn.webhook_health WHERE webhook_id = $1';
    return (await this.sql<Health>(text, [webhookId]))[0];
  }

  /** For how many seconds nothing more is sent to a webhook; `undefined`: it does not pause. */
  async pausedFor(webhookId: string): Promise<number | undefined> {
    const [row] = await this.sql<{ seconds: number | null }>(
      `SELECT extract(epoch FROM paused_until - now())::float8 AS seconds FROM posthorn.webhook_health WHERE webhook_id = $1`,
      [webhookId],
    );
    return row?.seconds ?? undefined;
  }

  /** Makes the pause that runs outlast the test, however slow the machine is: nothing probes until {@link endPause}. */
  async holdPause(webhookId: string): Promise<void> {
    await this.sql(`UPDATE posthorn.webhook_health SET paused_until = now() + interval '1 day' WHERE webhook_id = $1`, [
      webhookId,
    ]);
  }

  /** {@link holdPause} for each pause of a webhook that begins from now on: it ends by {@link endPause}, and by no time. */
  async holdPauses(webhookId: string): Promise<void> {
    const name = `hold_${webhookId.replaceAll('-', '')}`;
    await this.sql(`
      CREATE FUNCTION posthorn.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.paused_until = now() + interval '1 day'; RETURN NEW; END $$;
      CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE ON posthorn.webhook_health FOR EACH ROW
        WHEN (NEW.webhook_id = '${webhookId}' AND NEW.paused_until > now()) EXECUTE FUNCTION posthorn.${name}()`);
  }

  /** From now on nothing goes back for having been held for too long: what goes back was called back, however late that comes. */
  holdForEver(): void {
    this.server.get(Sender).giveBackOverdue = () => Promise.resolve();
  }

  /** Does something while no outcome of an attempt can be written. */
  async whileNothingSettles(work: () => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE posthorn.delivery_attempt IN SHARE MODE');
      await work();
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  /** Ends the pause that runs, as time would. */
  async endPause(webhookId: string): Promise<void> {
    await this.sql(
      `UPDATE posthorn.webhook_health SET paused_until = now(), asked_until = least(asked_until, now()) WHERE webhook_id = $1`,
      [webhookId],
    );
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
