import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import pg from 'pg';
import type { PosthornOptions } from '../../src/platform/config/index.js';
import { cloneDatabase, urlOf } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(options: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  const server = await startTestServer(options);
  open.push(server);
  return server;
}

async function receive(answer?: Parameters<typeof TestReceiver.start>[0]): Promise<TestReceiver> {
  const receiver = await TestReceiver.start(answer);
  open.push(receiver);
  return receiver;
}

const statuses = async (server: TestServer): Promise<string[]> => {
  const { body } = await server.api<{ data: { status: string }[] }>('GET', '/api/deliveries?limit=250');
  return body.data.map(({ status }) => status);
};

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

describe('api and worker replicas on one database', () => {
  it('share the work: one answers HTTP, the other delivers', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const shared = { databaseUrl, encryptionKey: randomBytes(32).toString('base64') };
    const [api, worker] = await Promise.all([start({ ...shared, role: 'api' }), start({ ...shared, role: 'worker' })]);
    const receiver = await receive();
    await api.webhook(receiver.url, ['order.*']);

    expect((await worker.api('POST', '/api/events', { event: 'order.made', data: {} })).status).toBe(404);
    expect((await fetch(`${worker.url}/health/ready`)).status).toBe(200);
    expect((await api.api('POST', '/api/events', { event: 'order.made', data: {} })).status).toBe(202);
    await receiver.next();
    await eventually(async () => (await statuses(api))[0] === 'success', 'the worker settles what the api stored');
  });

  it('leave deliveries waiting while there is no worker', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const shared = { databaseUrl, encryptionKey: randomBytes(32).toString('base64') };
    const api = await start({ ...shared, role: 'api' });
    const receiver = await receive();
    await api.webhook(receiver.url, ['order.*']);
    await api.api('POST', '/api/events', { event: 'order.made', data: {} });
    expect(await statuses(api)).toEqual(['pending']);
    expect(receiver.received).toHaveLength(0);
    await start({ ...shared, role: 'worker' });
    await receiver.next();
  });

  it('send each delivery once, however many workers there are', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const shared = { databaseUrl, encryptionKey: randomBytes(32).toString('base64') };
    const servers = await Promise.all([start(shared), start(shared), start(shared)]);
    const receiver = await receive();
    const [first] = servers;
    await first.webhook(receiver.url, ['order.*']);
    const events = Array.from({ length: 500 }, (_, n) => ({ event: 'order.made', data: { n } }));
    await Promise.all(servers.map((server) => server.api('POST', '/api/events/batch', { events })));
    await eventually(() => receiver.received.length >= 1_500, 'all deliveries arrive');
    const ids = receiver.received.map(({ headers }) => headers['x-webhook-delivery']);
    expect(new Set(ids).size).toBe(1_500);
    expect(ids).toHaveLength(1_500);
  });
});

describe('a server that is asked to stop', () => {
  it('finishes the requests in flight, records them and sends nothing twice', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const shared = { databaseUrl, encryptionKey: randomBytes(32).toString('base64') };
    const stopping = await startTestServer({ ...shared, shutdownTimeout: '60s' });
    const answers: (() => void)[] = [];
    const receiver = await receive((_, response) => void answers.push(() => response.writeHead(200).end()));
    await stopping.webhook(receiver.url, ['order.*']);
    const events = Array.from({ length: 20 }, (_, n) => ({ event: 'order.made', data: { n } }));
    await stopping.api('POST', '/api/events/batch', { events });
    await eventually(() => answers.length === 20, 'all requests are in flight');

    const stopped = stopping.close();
    await eventually(
      async () => (await fetch(`${stopping.url}/health/ready`)).status === 503,
      'it says that it takes no new work',
    );
    receiver.always(200);
    for (const answer of answers) answer();
    await stopped;

    const next = await start(shared);
    await eventually(
      async () => (await statuses(next)).every((status) => status === 'success'),
      'every delivery is a success',
    );
    expect(receiver.received).toHaveLength(20);
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
