// The events API: one answer per idempotency key over any number of servers, to webhooks that may be narrowed, and tenants that never meet.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Delivery } from './delivery.harness.js';
import { TwoServers, UNKNOWN_ID } from './two-servers.harness.js';
import type { DispatchAnswer, Refusal } from './two-servers.harness.js';

const both = TwoServers.forTests();

const type = (): string => `api.${randomUUID()}`;
const post = <Body = DispatchAnswer>(body: unknown, headers: Record<string, string> = {}, from = both.scene) =>
  from.server.api<Body>('POST', '/api/events', body, { headers });

describe('an idempotency key', () => {
  it('used a hundred times at once over two servers stores one event and gives a hundred identical answers', async () => {
    const event = type();
    await both.scene.server.webhook(both.receiver.url, [event]);
    const before = both.receiver.received.length;
    // Who has waited for 5 s is told to come again, as happens on a machine that is busy elsewhere.
    const answerOf = async (n: number): ReturnType<typeof post<DispatchAnswer & { code?: string }>> => {
      const body = { event, data: { n: 1 }, idempotencyKey: event };
      const answer = await post<DispatchAnswer & { code?: string }>(body, {}, n % 2 ? both.scene : both.replica);
      return answer.body.code === 'idempotency_in_progress' ? answerOf(n) : answer;
    };
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => answerOf(n)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.body).toEqual({ id: expect.any(String), event, deliveries: 1 });
    expect(await both.countOf(event)).toBe(1);
    const [delivery] = await both.scene.logged(event);
    await both.scene.settled(delivery!.id);
    expect(both.receiver.received.length - before).toBe(1);
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
    expect(await both.countOf(event)).toBe(1);
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
    expect(await both.countOf(event)).toBe(1);
  });

  it('remembers successes only: what was refused may be sent again under the same key', async () => {
    const event = type();
    expect((await post({ event, data: [], idempotencyKey: event })).status).toBe(400);
    expect((await post({ event, data: {}, webhookIds: [UNKNOWN_ID], idempotencyKey: event })).status).toBe(404);
    expect((await post({ event, data: {}, idempotencyKey: event })).status).toBe(202);
  });

  it('belongs to one tenant', async () => {
    const event = type();
    await both.scene.server.api('POST', '/api/tenants', { id: 'keys', name: 'Keys' });
    const first = await post({ event, data: { n: 1 }, idempotencyKey: event });
    const theirs = await both.scene.server.api<DispatchAnswer>(
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
    await both.scene.sql('UPDATE posthorn.idempotency_key SET expires_at = now() WHERE key = $1', [event]);
    const second = await post({ event, data: { n: 2 }, idempotencyKey: event });
    expect(second.status).toBe(202);
    expect(second.body.id).not.toBe(first.body.id);
  });
});

describe('webhookIds', () => {
  it('narrow the webhooks that match, and add none that do not', async () => {
    const event = type();
    const [first, , unrelated] = [
      await both.scene.server.webhook(both.receiver.url, [event]),
      await both.scene.server.webhook(both.receiver.url, [event]),
      await both.scene.server.webhook(both.receiver.url, ['something.else']),
    ];
    const { body } = await post({ event, data: {}, webhookIds: [first.id, unrelated.id] });
    expect(body.deliveries).toBe(1);
    expect((await both.scene.logged(event)).map(({ webhookId }) => webhookId)).toEqual([first.id]);
  });
});

describe('a tenant', () => {
  const as = <Body = Record<string, unknown>>(tenant: string, method: string, path: string, body?: unknown) =>
    both.scene.server.api<Body>(method, path, body, { tenant });
  let theirs: { webhookId: string; eventId: string; deliveryId: string; event: string };

  beforeAll(async () => {
    for (const id of ['acme', 'globex']) await as('default', 'POST', '/api/tenants', { id, name: id });
    const event = type();
    const webhook = await as<{ id: string }>('acme', 'POST', '/api/webhooks', {
      url: both.receiver.url,
      events: ['*'],
    });
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
    expect(await both.countOf(event)).toBe(0);
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
