// What one tenant asks of the database, however much and however slow, keeps neither others out nor deliveries back.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

/** Requests of a tenant at once: more than there are connections of any kind. */
const MANY = Array.from({ length: 12 }, (_, n) => n);

describe.each(['on', 'off'] as const)('with row-level security %s', (rowLevelSecurity) => {
  let scene: DeliveryScene;
  let receiver: TestReceiver;
  let blocker: pg.Client;
  let webhookId: string;

  beforeAll(async () => {
    scene = await DeliveryScene.open({ rowLevelSecurity, databasePool: 4, queryTimeout: '60s' });
    receiver = await TestReceiver.start(200);
    for (const id of ['acme', 'globex']) await scene.server.api('POST', '/api/tenants', { id, name: id });
    webhookId = (await scene.server.webhook(receiver.url, ['acme.*'], {}, 'acme')).id;
    await scene.server.webhook(receiver.url, ['globex.*'], {}, 'globex');
    blocker = new pg.Client(scene.server.databaseUrl);
    await blocker.connect();
  });
  afterAll(async () => {
    await blocker?.end();
    await scene?.close();
    await receiver?.close();
  });

  /** Has that many statements wait for locks that the work in `during` is not held up by. */
  async function whileWaiting(statements: number, during: () => Promise<void>): Promise<void> {
    await eventually(async () => {
      const [row] = await scene.sql<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return row?.waiting === statements;
    }, `${statements} statements wait`);
    await during();
  }

  const deliversToGlobex = async (): Promise<void> => {
    const how = { tenant: 'globex', headers: { 'idempotency-key': crypto.randomUUID() } };
    const sent = await scene.server.api('POST', '/api/events', { event: 'globex.made', data: {} }, how);
    expect(sent).toMatchObject({ status: 202, body: { deliveries: 1 } });
    expect((await receiver.next()).headers).toMatchObject({ 'x-webhook-event': 'globex.made' });
  };

  it('slow requests of a tenant leave a connection to the requests of others', async () => {
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM posthorn.webhook WHERE id = $1 FOR UPDATE', [webhookId]);
    const how = { tenant: 'acme' };
    const slow = MANY.map((n) => scene.server.api('PATCH', `/api/webhooks/${webhookId}`, { description: `${n}` }, how));
    await whileWaiting(1, async () => {
      const { status } = await scene.server.api('GET', '/api/webhooks', undefined, { tenant: 'globex' });
      expect(status).toBe(200);
      await deliversToGlobex();
    });
    await blocker.query('ROLLBACK');
    const statuses = (await Promise.all(slow)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
  });

  it('requests of a tenant that wait for a key leave connections to the events of others, and to deliveries', async () => {
    await blocker.query('BEGIN');
    await blocker.query(
      `INSERT INTO posthorn.idempotency_key (tenant_id, scope, key, request_hash, answer, expires_at)
       VALUES ('acme', 'POST /api/events', 'held', '', 'null', now() + interval '1 hour'),
              ('acme', 'POST /api/events/batch', 'held', '', 'null', now() + interval '1 hour')`,
    );
    const how = { tenant: 'acme', headers: { 'idempotency-key': 'held' } };
    const event = { event: 'acme.made', data: {} };
    const waiting = MANY.flatMap(() => [
      scene.server.api('POST', '/api/events', event, how),
      scene.server.api('POST', '/api/events/batch', { events: [event] }, how),
    ]);
    await whileWaiting(1, deliversToGlobex);
    await blocker.query('ROLLBACK');
    expect((await Promise.all(waiting)).filter(({ status }) => ![202, 409, 503].includes(status))).toEqual([]);
  });
});

it('a statement of a request runs no longer than it may, which is said; its connection is used on', async () => {
  const scene = await DeliveryScene.open({ databasePool: 4, queryTimeout: '1s' });
  const { id } = await scene.server.webhook('http://127.0.0.1:9/', ['a.b']);
  const blocker = new pg.Client(scene.server.databaseUrl);
  await blocker.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT FROM posthorn.webhook WHERE id = $1 FOR UPDATE', [id]);
  const patch = () => scene.server.api('PATCH', `/api/webhooks/${id}`, { description: 'changed' });
  const { status, headers, body } = await patch();
  expect({ status, body }).toMatchObject({ status: 503, body: { code: 'too_slow' } });
  expect(headers.get('retry-after')).toBe('5');
  await blocker.end();
  expect((await patch()).status).toBe(200);
  await scene.close();
});
