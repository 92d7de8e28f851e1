// The events API: one answer per idempotency key over any number of servers, batches, and tenants that never meet.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

const UNKNOWN_ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

interface DispatchAnswer {
  readonly id: string;
  readonly event: string;
  readonly deliveries: number;
}
interface Refusal {
  readonly error: string;
  readonly code: string;
}

let scene: DeliveryScene;
/** A second server on the same database. */
let replica: DeliveryScene;
let receiver: TestReceiver;

beforeAll(async () => {
  const shared = { databaseUrl: (await cloneDatabase()).url, encryptionKey: randomBytes(32).toString('base64') };
  [scene, replica] = await Promise.all([DeliveryScene.open(shared), DeliveryScene.open(shared)]);
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await receiver?.close();
  await replica?.close();
  await scene?.close();
});

const type = (): string => `api.${randomUUID()}`;
const post = <Body = DispatchAnswer>(body: unknown, headers: Record<string, string> = {}, from = scene) =>
  from.server.api<Body>('POST', '/api/events', body, { headers });
const countOf = async (event: string): Promise<number> =>
  (await scene.sql('SELECT FROM posthorn.event WHERE type = $1', [event])).length;

describe('an idempotency key', () => {
  it('used a hundred times at once over two servers stores one event and gives a hundred identical answers', async () => {
    const event = type();
    await scene.server.webhook(receiver.url, [event]);
    const before = receiver.received.length;
    // Who has waited for 5 s is told to come again, as happens on a machine that is busy elsewhere.
    const answerOf = async (n: number): ReturnType<typeof post<DispatchAnswer & { code?: string }>> => {
      const body = { event, data: { n: 1 }, idempotencyKey: event };
      const answer = await post<DispatchAnswer & { code?: string }>(body, {}, n % 2 ? scene : replica);
      return answer.body.code === 'idempotency_in_progress' ? answerOf(n) : answer;
    };
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => answerOf(n)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.body).toEqual({ id: expect.any(String), event, deliveries: 1 });
    expect(await countOf(event)).toBe(1);
    const [delivery] = await scene.logged(event);
    await scene.settled(delivery!.id);
    expect(receiver.received.length - before).toBe(1);
  });

  it('is the same in the body and in the header', async () => {
    const event = type();
    const first = await post({ event, data: {} }, { 'idempotency-key': event });
    expect((await post({ event, data: {}, idempotencyKey: event })).body).toEqual(first.body);
    expect((await post({ event, data: {}, idempotencyKey: event }, { 'idempotency-key': event })).body).toEqual(
      first.body,
    );
    // Null says nothing, as everywhere.
    expect((await post({ event, data: {}, idempotencyKey: null }, { 'idempotency-key': event })).body).toEqual(
      first.body,
    );
    const differing = await post<Refusal>({ event, data: {}, idempotencyKey: event }, { 'idempotency-key': 'other' });
    expect(differing).toMatchObject({ status: 400, body: { code: 'idempotency_keys_differ' } });
    expect(await countOf(event)).toBe(1);
  });

  it('with another content is refused, and stores nothing', async () => {
    const event = type();
    await post({ event, data: { n: 1 }, idempotencyKey: event });
    for (const other of [
      { event, data: { n: 2 } },
      { event: `${event}.x`, data: { n: 1 } },
    ])
      expect(await post<Refusal>({ ...other, idempotencyKey: event })).toMatchObject({
        status: 409,
        body: { code: 'idempotency_mismatch' },
      });
    expect(await countOf(event)).toBe(1);
  });

  it('remembers successes only: what was refused may be sent again under the same key', async () => {
    const event = type();
    expect((await post({ event, data: [], idempotencyKey: event })).status).toBe(400);
    expect((await post({ event, data: {}, webhookIds: [UNKNOWN_ID], idempotencyKey: event })).status).toBe(404);
    expect((await post({ event, data: {}, idempotencyKey: event })).status).toBe(202);
  });

  it('belongs to one tenant', async () => {
    const event = type();
    await scene.server.api('POST', '/api/tenants', { id: 'keys', name: 'Keys' });
    const first = await post({ event, data: { n: 1 }, idempotencyKey: event });
    const theirs = await scene.server.api<DispatchAnswer>(
      'POST',
      '/api/events',
      { event, data: { n: 2 }, idempotencyKey: event },
      { tenant: 'keys' },
    );
    expect(theirs.status).toBe(202);
    expect(theirs.body.id).not.toBe(first.body.id);
  });

  it('is free again when its window is over', async () => {
    const event = type();
    const first = await post({ event, data: {}, idempotencyKey: event });
    await scene.sql('UPDATE posthorn.idempotency_key SET expires_at = now() WHERE key = $1', [event]);
    const second = await post({ event, data: { n: 2 }, idempotencyKey: event });
    expect(second.status).toBe(202);
    expect(second.body.id).not.toBe(first.body.id);
  });
});

describe('webhookIds', () => {
  it('narrow the webhooks that match, and add none that do not', async () => {
    const event = type();
    const [first, , unrelated] = [
      await scene.server.webhook(receiver.url, [event]),
      await scene.server.webhook(receiver.url, [event]),
      await scene.server.webhook(receiver.url, ['something.else']),
    ];
    const { body } = await post({ event, data: {}, webhookIds: [first.id, unrelated.id] });
    expect(body.deliveries).toBe(1);
    expect((await scene.logged(event)).map(({ webhookId }) => webhookId)).toEqual([first.id]);
  });
});

describe('a batch', () => {
  const batch = (events: readonly unknown[]) =>
    scene.server.api<{ results: (DispatchAnswer | Refusal)[] } & Refusal>('POST', '/api/events/batch', { events });

  it('answers in order, each event or its refusal, and the valid ones are stored and sent', async () => {
    const event = type();
    await scene.server.webhook(receiver.url, [event]);
    const key = randomUUID();
    const { status, body } = await batch([
      { event, data: { n: 0 } },
      { event: 'no spaces', data: {} },
      { event, data: [1] },
      { event, data: { n: 3 }, idempotencyKey: key },
      { event, data: { n: 4 }, idempotencyKey: key },
      { event, data: { n: 5 }, webhookIds: [UNKNOWN_ID] },
      ['nonsense'],
      null,
      { event, data: { n: 3 }, idempotencyKey: key },
      { event, data: { x: 'y'.repeat(262_144) } },
      { event: 'posthorn.x', data: {} },
      { event, data: { n: 11 } },
    ]);
    expect(status).toBe(202);
    const refused = (code: string) => ({ error: expect.any(String), code });
    const stored = { id: expect.any(String), event, deliveries: 1 };
    expect(body.results).toEqual([
      stored,
      refused('invalid_event_type'),
      refused('invalid_event_data'),
      stored,
      refused('idempotency_mismatch'),
      refused('webhook_not_found'),
      refused('invalid_event_type'),
      refused('invalid_event_type'),
      body.results[3],
      refused('event_too_large'),
      refused('event_type_reserved'),
      stored,
    ]);
    const log = await scene.logged(event);
    expect(log).toHaveLength(3);
    for (const { id } of log) expect((await scene.settled(id)).status).toBe('success');
  });

  it('takes a thousand events, and not one more', async () => {
    const event = type();
    const { body } = await batch(Array.from({ length: 1_000 }, (_, n) => ({ event, data: { n } })));
    expect(new Set(body.results.map((result) => (result as DispatchAnswer).id)).size).toBe(1_000);
    expect(await countOf(event)).toBe(1_000);
    const tooMany = await batch(Array.from({ length: 1_001 }, () => ({ event, data: {} })));
    expect(tooMany.status).toBe(400);
    expect((await batch([])).status).toBe(400);
    expect(await countOf(event)).toBe(1_000);
  });

  it('takes 10 MiB, and not more', async () => {
    const event = type();
    const filled = (size: number): object[] =>
      Array.from({ length: 41 }, () => ({ event, data: { x: 'y'.repeat(Math.floor(size / 41) - 90) } }));
    expect((await batch(filled(10_485_760))).status).toBe(202);
    expect(await countOf(event)).toBe(41);
    const tooLarge = await batch(filled(10_485_760 + 41 * 100));
    expect(tooLarge).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    expect(await countOf(event)).toBe(41);
  });

  it('stores each keyed event once when the same batch comes many times at once', async () => {
    const event = type();
    const events = Array.from({ length: 20 }, (_, n) => ({ event, data: { n }, idempotencyKey: `${event}-${n}` }));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => batch(n % 2 ? events : [...events].reverse())),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const results = answers.flatMap(({ body }) => body.results);
    const ids = results.flatMap((result) => ('id' in result ? [result.id] : []));
    expect(new Set(ids).size).toBe(20);
    // Who waits for another's key for 5 s is told that it is in progress.
    for (const result of results)
      if ('code' in result) expect(result).toMatchObject({ code: 'idempotency_in_progress' });
    expect(await countOf(event)).toBe(20);
  });
});

describe('a page of events', () => {
  it.each([
    ['without a filter', ''],
    ['of one type', '&event='],
  ])('holds 8 MiB of payloads, and the next one goes on from there: %s', async (_what, filter) => {
    const event = type();
    const tenant = `t-${randomUUID()}`.slice(0, 30);
    await scene.server.api('POST', '/api/tenants', { id: tenant, name: 'Large' });
    const large = { event, data: { text: 'x'.repeat(250_000) } };
    const sent: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const batch = { events: Array.from({ length: 20 }, () => large) };
      const { body } = await scene.server.api<{ results: DispatchAnswer[] }>('POST', '/api/events/batch', batch, {
        tenant,
      });
      sent.unshift(...body.results.map(({ id }) => id));
    }
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const path = `/api/events?limit=250${filter && `${filter}${event}`}${cursor}`;
      const { body } = await scene.server.api<{ data: { id: string }[]; nextCursor: string | null }>(
        'GET',
        path,
        undefined,
        {
          tenant,
        },
      );
      pages.push(body.data.map(({ id }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(pages.map(({ length }) => length)).toEqual([33, 7]);
    expect(pages.flat()).toEqual(sent.toSorted().toReversed());
  });
});

describe('a tenant', () => {
  const as = <Body = Record<string, unknown>>(tenant: string, method: string, path: string, body?: unknown) =>
    scene.server.api<Body>(method, path, body, { tenant });
  let theirs: { webhookId: string; eventId: string; deliveryId: string; event: string };

  beforeAll(async () => {
    for (const id of ['acme', 'globex']) await as('default', 'POST', '/api/tenants', { id, name: id });
    const event = type();
    const webhook = await as<{ id: string }>('acme', 'POST', '/api/webhooks', { url: receiver.url, events: ['*'] });
    const { body } = await as<{ id: string }>('acme', 'POST', '/api/events', { event, data: { secret: 'acme only' } });
    const log = await as<{ data: Delivery[] }>('acme', 'GET', '/api/deliveries');
    theirs = { webhookId: webhook.body.id, eventId: body.id, deliveryId: log.body.data[0]!.id, event };
  });

  it('finds another’s event and delivery on no route: the answers are those to an id of nobody', async () => {
    const routes = (ids: { eventId: string; deliveryId: string }): [string, string][] => [
      ['GET', `/api/events/${ids.eventId}`],
      ['GET', `/api/deliveries/${ids.deliveryId}`],
      ['POST', `/api/deliveries/${ids.deliveryId}/retry`],
    ];
    const nobodys = routes({ eventId: UNKNOWN_ID, deliveryId: UNKNOWN_ID });
    for (const tenant of ['globex', 'default'])
      for (const [index, [method, path]] of routes(theirs).entries()) {
        const foreign = await as(tenant, method, path);
        const unknown = await as(tenant, method, nobodys[index]![1]);
        expect(foreign.status).toBe(404);
        expect({ ...foreign.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
      }
    for (const [method, path] of routes(theirs)) expect((await as('acme', method, path)).status).toBeLessThan(300);
  });

  it('sees nothing of another in a list, whatever it filters by', async () => {
    await as('globex', 'POST', '/api/events', { event: theirs.event, data: {} });
    const { nextCursor } = (await as<{ nextCursor: string | null }>('acme', 'GET', '/api/events?limit=1')).body;
    for (const path of [
      '/api/events?limit=250',
      `/api/events?event=${theirs.event}`,
      '/api/deliveries?limit=250',
      `/api/deliveries?webhookId=${theirs.webhookId}`,
      `/api/deliveries?event=${theirs.event}`,
      '/api/deliveries?status=success',
      ...(nextCursor ? [`/api/events?cursor=${nextCursor}`] : []),
    ]) {
      const text = JSON.stringify(await as('globex', 'GET', path));
      for (const id of [theirs.eventId, theirs.deliveryId, theirs.webhookId, 'acme only'])
        expect(text).not.toContain(id);
    }
  });

  it('cannot name another’s webhook: 404 as for one that does not exist, and nothing is stored', async () => {
    const event = type();
    for (const webhookIds of [[theirs.webhookId], [UNKNOWN_ID]])
      expect(await as('globex', 'POST', '/api/events', { event, data: {}, webhookIds })).toMatchObject({
        status: 404,
        body: { code: 'webhook_not_found', error: 'No such webhook.' },
      });
    const batch = await as('globex', 'POST', '/api/events/batch', {
      events: [{ event, data: {}, webhookIds: [theirs.webhookId] }],
    });
    expect(batch.body).toMatchObject({ results: [{ code: 'webhook_not_found' }] });
    expect(await countOf(event)).toBe(0);
  });

  it('sends to its own webhooks only, though another’s takes everything', async () => {
    const { body } = await as<DispatchAnswer>('globex', 'POST', '/api/events', { event: type(), data: {} });
    expect(body.deliveries).toBe(0);
    expect((await as('globex', 'GET', `/api/events/${body.id}`)).body).toMatchObject({ deliveries: [] });
  });

  it('that does not exist has no routes', async () => {
    expect((await as('nobody', 'POST', '/api/events', { event: 'a', data: {} })).status).toBe(404);
  });
});
