// A server that is asked to stop: what is under way ends, nothing else begins, and it ends itself whatever is away.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import pg from 'pg';
import { OnWebhook } from '../../src/inbound/index.js';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
import { ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { ENCRYPTION_KEY } from './received-rows.harness.js';
import { post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

const receivers: TestReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receive(answer?: Answer): Promise<TestReceiver> {
  const receiver = await TestReceiver.start(answer);
  receivers.push(receiver);
  return receiver;
}

/** A handler that runs until it is told to end. */
@Injectable()
class Slow {
  private begin = (): void => undefined;
  end = (): void => undefined;
  readonly begun = new Promise<void>((resolve) => (this.begin = resolve));
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve));

  @OnWebhook('stripe', 'payment.*')
  async onPayment(): Promise<void> {
    this.begin();
    await this.ended;
  }
}

const untilStopping = ({ url }: TestServer): Promise<unknown> =>
  eventually(async () => (await fetch(`${url}/health/ready`)).status === 503, 'it says that it takes no new work');

async function sql<Row extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A server with one request in flight; how to answer it, and when its connection is closed. */
async function withOneInFlight(
  options: PosthornOptions,
): Promise<{ stopping: TestServer; answer: () => void; cut: Promise<void> }> {
  const stopping = await startTestServer(options);
  const receiver = await receive();
  const response = new Promise<ServerResponse>((resolve) => receiver.always((_, asked) => resolve(asked)));
  await stopping.webhook(receiver.url, ['order.*']);
  await stopping.api('POST', '/api/events', { event: 'order.made', data: {} });
  const asked = await response;
  const cut = new Promise<void>((resolve) => asked.once('close', resolve));
  return { stopping, cut, answer: () => asked.writeHead(500).end() };
}

/** What PostgreSQL knows of the deliveries of a server that has ended. */
const outcomes = ({ databaseUrl }: TestServer): Promise<unknown[]> =>
  sql(
    databaseUrl,
    `SELECT status, due_at > now() AS leased, (SELECT count(*)::int FROM posthorn.delivery_attempt) AS attempts,
            (SELECT count(*)::int FROM posthorn.webhook_health) AS blamed FROM posthorn.delivery`,
  );

/** Does something while PostgreSQL takes nobody to the database of a server. */
async function withoutConnections({ databaseUrl }: TestServer, work: () => Promise<void>): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1);
  const postgres = urlOf('postgres');
  await sql(postgres, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await sql(postgres, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  try {
    await work();
  } finally {
    await sql(postgres, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  }
}

describe('a server that is asked to stop', () => {
  it('sends nothing more from then on, though handlers of what it received go on for a while', async () => {
    const stopping = await startTestServer({ shutdownTimeout: '60s', stripeWebhookSecret: STRIPE_SECRET }, [Slow]);
    const receiver = await receive();
    await stopping.webhook(receiver.url, ['order.*']);
    const slow = stopping.get(Slow);
    const { body } = stripeEvent('payment.made');
    const answered = post(`${stopping.url}/webhooks/stripe`, body, stripeHeaders(body));
    await slow.begun;

    const stopped = stopping.close();
    await untilStopping(stopping);
    for (let n = 0; n < 5; n += 1)
      expect((await stopping.api('POST', '/api/events', { event: 'order.made', data: { n } })).status).toBe(202);
    slow.end();
    expect((await answered).status).toBe(200);
    await stopped;
    expect(await outcomes(stopping)).toEqual(
      Array(5).fill({ status: 'pending', leased: false, attempts: 0, blamed: 0 }),
    );
    expect(receiver.received).toHaveLength(0);
  });

  it('finishes the requests in flight, records them and sends nothing twice', async () => {
    const stopping = await startTestServer({ shutdownTimeout: '60s' });
    const answers: (() => void)[] = [];
    const receiver = await receive((_, response) => void answers.push(() => response.writeHead(200).end()));
    await stopping.webhook(receiver.url, ['order.*']);
    const events = Array.from({ length: 20 }, (_, n) => ({ event: 'order.made', data: { n } }));
    await stopping.api('POST', '/api/events/batch', { events });
    await eventually(() => answers.length === 20, 'all requests are in flight');

    const stopped = stopping.close();
    await untilStopping(stopping);
    receiver.always(200);
    for (const answer of answers) answer();
    await stopped;

    expect(await outcomes(stopping)).toEqual(
      Array(20).fill({ status: 'success', leased: null, attempts: 20, blamed: 0 }),
    );
    expect(receiver.received).toHaveLength(20);
  });

  it('ends with 1, in time, where PostgreSQL neither answers nor refuses', async () => {
    await ensureBuiltOnce();
    const { url: databaseUrl } = await cloneDatabase();
    const server = new ServerProcess({ DATABASE_URL: databaseUrl, ENCRYPTION_KEY, SHUTDOWN_TIMEOUT: '100ms' });
    await server.url();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE posthorn.delivery IN ACCESS EXCLUSIVE MODE');
      const waiting =
        'SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())';
      await eventually(async () => (await client.query(waiting)).rowCount !== 0, 'the server waits for a lock');
      expect(await server.stop('SIGTERM')).toEqual({ code: 1, signal: null });
      expect(server.output).toContain('The stop is cut short after 10.1 s');
    } finally {
      await client.end();
    }
  });

  it('blames no receiver for a request that it cuts itself, and leaves the delivery to the end of its lease', async () => {
    const { stopping, cut } = await withOneInFlight({ shutdownTimeout: '100ms' });
    await stopping.close();
    await cut;
    expect(await outcomes(stopping)).toEqual([{ status: 'sending', leased: true, attempts: 0, blamed: 0 }]);
  });

  it('ends, though PostgreSQL is away and what came of the requests cannot be written', async () => {
    const { stopping, answer } = await withOneInFlight({ shutdownTimeout: '500ms' });
    await withoutConnections(stopping, async () => {
      answer();
      await stopping.close();
    });
    expect(await outcomes(stopping)).toEqual([{ status: 'sending', leased: true, attempts: 0, blamed: 0 }]);
  });
});
