// Servers of different roles on one database: one takes events, the other delivers, and nothing is sent twice.
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
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
