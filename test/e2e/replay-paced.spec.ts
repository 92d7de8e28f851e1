// Large replays: how fast they are, through restarts and failures, and by several processes.
import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { closedAfterEach } from './pace.harness.js';
import { finished, LONG_AGO, progressOf } from './replay.harness.js';
import type { Accepted } from './replay.harness.js';

const { receive, keep } = closedAfterEach();

describe('a large replay', () => {
  /** Stores events that are skipped, because their webhook is disabled while they are dispatched. */
  async function skipMany(server: TestServer, webhookId: string, type: string, count: number): Promise<void> {
    await server.api('POST', `/api/webhooks/${webhookId}/disable`);
    for (let at = 0; at < count; at += 1_000) {
      const events = Array.from({ length: Math.min(1_000, count - at) }, (_, n) => ({
        event: type,
        data: { n: at + n },
      }));
      expect((await server.api('POST', '/api/events/batch', { events })).status).toBe(202);
    }
    await server.api('POST', `/api/webhooks/${webhookId}/enable`);
  }

  async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
    const server = await startTestServer({ circuitAfter: 0, ...options });
    keep(server);
    return server;
  }

  const shared = async () => ({
    databaseUrl: (await cloneDatabase()).url,
    encryptionKey: randomBytes(32).toString('base64'),
    // What a stop cuts off is sent twice, and a busy machine takes its time.
    shutdownTimeout: '60s',
  });

  const request = async (server: TestServer, webhookId: string): Promise<Accepted> =>
    (await server.api<Accepted>('POST', `/api/webhooks/${webhookId}/replay`, { since: LONG_AGO })).body;

  async function rows<Row extends object>(databaseUrl: string, text: string): Promise<Row[]> {
    const client = new pg.Client(databaseUrl);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Originals by how many replays were made of each. */
  const tally = (databaseUrl: string) =>
    rows<{ copies: number; originals: number }>(
      databaseUrl,
      `SELECT copies, count(*)::int AS originals FROM (
         SELECT o.id, count(r.id)::int AS copies FROM posthorn.delivery o
         LEFT JOIN posthorn.delivery r ON r.replay_of = o.id WHERE o.replay_of IS NULL GROUP BY o.id) each
       GROUP BY copies ORDER BY copies`,
    );

  it('is overtaken by new events, of other webhooks and of its own', async () => {
    const total = 3_000;
    const server = await start({ deliveryConcurrency: 16 });
    const slow = await receive((_, response) => {
      setTimeout(() => response.writeHead(200).end(), 20);
    });
    const other = await receive(200);
    const { id: webhookId } = await server.webhook(slow.url, ['bulk.*']);
    await skipMany(server, webhookId, 'bulk.old', total);
    await server.webhook(other.url, ['fresh']);
    const accepted = await request(server, webhookId);
    expect(accepted.count).toBe(total);
    await eventually(() => slow.received.length > 100, 'the replay is under way');

    const { body: fresh } = await server.api<{ id: string }>('POST', '/api/events', { event: 'bulk.new', data: {} });
    await server.api('POST', '/api/events', { event: 'fresh', data: {} });
    const sentAfter = slow.received.length;
    await other.next();
    await eventually(
      () => slow.received.some(({ headers }) => headers['webhook-id'] === fresh.id),
      'the new event arrives',
    );
    const place = slow.received.findIndex(({ headers }) => headers['webhook-id'] === fresh.id);
    expect(place - sentAfter).toBeLessThan(500);
    expect(slow.received.length).toBeLessThan(total / 2);

    // Disabling ends it: nothing is made for a webhook that gets nothing.
    await server.api('POST', `/api/webhooks/${webhookId}/disable`);
    await eventually(() => finished(server, accepted.id), 'the replay ends');
    expect((await progressOf(server, accepted.id)).made).toBeLessThan(total / 2);
  });

  it.each([
    ['a rate limit', { rateLimit: { max: 5, perSeconds: 1 } }],
    ['a limit of requests in flight', { maxInFlight: 1 }],
    ['an order', { ordered: true }],
  ])('leaves room for new events of a webhook with %s', async (_, limits) => {
    const server = await start();
    const receiver = await receive((__, response) => {
      setTimeout(() => response.writeHead(200).end(), 50);
    });
    const { id: webhookId } = await server.webhook(receiver.url, ['bulk'], limits);
    await skipMany(server, webhookId, 'bulk', 300);
    await request(server, webhookId);
    await eventually(() => receiver.received.length > 2, 'the replay is under way');
    const { body: fresh } = await server.api<{ id: string }>('POST', '/api/events', { event: 'bulk', data: {} });
    const sentBefore = receiver.received.length;
    const place = () => receiver.received.findIndex(({ headers }) => headers['webhook-id'] === fresh.id);
    await eventually(() => place() >= 0 || receiver.received.length > sentBefore + 20, 'the new event arrives');
    expect(place()).toBeGreaterThanOrEqual(0);
  });

  it('goes on after a restart, and sends each delivery once', async () => {
    const total = 1_500;
    const where = await shared();
    const receiver = await receive(200);
    const first = await startTestServer(where);
    let accepted: Accepted;
    try {
      const { id: webhookId } = await first.webhook(receiver.url, ['bulk']);
      await skipMany(first, webhookId, 'bulk', total);
      accepted = await request(first, webhookId);
      await eventually(() => receiver.received.length > 200, 'the replay is under way');
    } finally {
      await first.close();
    }
    const half = receiver.received.length;
    expect(half).toBeLessThan(total);

    const second = await start(where);
    await eventually(() => receiver.received.length >= total, 'the rest arrives');
    await eventually(() => finished(second, accepted.id), 'the replay is finished');
    expect(await tally(where.databaseUrl)).toEqual([{ copies: 1, originals: total }]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(total);
    expect(receiver.received).toHaveLength(total);
    expect(await progressOf(second, accepted.id)).toMatchObject({ count: total, made: total });
  });

  it('makes each delivery once, though steps fail again and again after their deliveries were made', async () => {
    const total = 600;
    const where = await shared();
    const receiver = await receive(200);
    const server = await start(where);
    const { id: webhookId } = await server.webhook(receiver.url, ['bulk']);
    await skipMany(server, webhookId, 'bulk', total);
    await rows(
      where.databaseUrl,
      `CREATE SEQUENCE posthorn.step;
       CREATE FUNCTION posthorn.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('posthorn.step') % 2 = 1 THEN RAISE EXCEPTION 'cut off'; END IF;
         RETURN NEW;
       END $$;
       CREATE TRIGGER fail BEFORE UPDATE ON posthorn.replay FOR EACH ROW EXECUTE FUNCTION posthorn.fail();`,
    );
    const { id } = await request(server, webhookId);
    await eventually(() => finished(server, id), 'the replay is finished');
    expect(await rows(where.databaseUrl, 'SELECT FROM posthorn.step WHERE last_value > 5')).toHaveLength(1);
    expect(await tally(where.databaseUrl)).toEqual([{ copies: 1, originals: total }]);
    await eventually(() => receiver.received.length >= total, 'all arrive');
    expect(receiver.received).toHaveLength(total);
  });

  it('is shared by replicas, and each delivery is made once', async () => {
    const [webhooks, each] = [8, 300];
    const where = await shared();
    const receiver = await receive(200);
    const api = await start({ ...where, role: 'api' });
    const ids: string[] = [];
    for (let n = 0; n < webhooks; n++) {
      const { id } = await api.webhook(receiver.url, [`bulk.${n}`]);
      await skipMany(api, id, `bulk.${n}`, each);
      ids.push(id);
    }
    const accepted = await Promise.all(ids.map((id) => request(api, id)));
    // Asked for twice: were both carried out at once, by one replica each, they would not see what the other makes.
    accepted.push(...(await Promise.all(ids.map((id) => request(api, id)))));
    expect(accepted.map(({ count }) => count)).toEqual(accepted.map(() => each));
    expect((await progressOf(api, accepted[0]?.id)).made).toBe(0);
    await Promise.all([start({ ...where, role: 'worker' }), start({ ...where, role: 'worker' })]);
    await eventually(() => receiver.received.length >= webhooks * each, 'all arrive');
    await eventually(async () => {
      const done = await Promise.all(accepted.map(({ id }) => finished(api, id)));
      return done.every(Boolean);
    }, 'all replays are finished');
    expect(await tally(where.databaseUrl)).toEqual([{ copies: 1, originals: webhooks * each }]);
    expect(receiver.received).toHaveLength(webhooks * each);
  });
});
