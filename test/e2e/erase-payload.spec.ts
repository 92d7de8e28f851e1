// Erasing an event's payload: nothing of it is kept or sent any more, and its log stays.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Erasure } from '../../src/delivery/index.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

const DATA = { name: 'Ada Lovelace' };

interface EventView {
  readonly id: string;
  readonly data: object | null;
  readonly dataErasedAt: string | null;
  readonly deliveries: readonly Delivery[];
}

let scene: DeliveryScene;
let receiver: TestReceiver;
beforeAll(async () => {
  scene = await DeliveryScene.open();
  receiver = await TestReceiver.start();
});
afterAll(async () => {
  await scene?.close();
  await receiver?.close();
});

const erase = (eventId: string, tenant?: string): Promise<{ status: number; body: { code?: string } }> =>
  scene.server.api('DELETE', `/api/events/${eventId}/data`, undefined, { tenant });
const event = async (id: string): Promise<EventView> =>
  (await scene.server.api<EventView>('GET', `/api/events/${id}`)).body;

/** A receiver that answers with what it got. */
const echo = (): Promise<TestReceiver> =>
  TestReceiver.start(({ body }, response) => response.setHeader('x-name', 'Ada').end(body));

async function sent(url: string, more: object = {}): Promise<{ eventId: string; deliveryId: string }> {
  const { type, webhookId } = await scene.target(url, more);
  const eventId = await scene.dispatch(type, DATA);
  return { eventId, deliveryId: await scene.deliveryOf(eventId, webhookId) };
}

describe('a payload that was delivered', () => {
  it('goes, with what the receiver answered; the log stays', async () => {
    const echoing = await echo();
    const { eventId, deliveryId } = await sent(echoing.url);
    const before = await scene.settled(deliveryId);
    expect(before.attempts[0]?.response?.body).toContain('Ada');

    expect(await erase(eventId)).toMatchObject({ status: 204 });
    const after = await event(eventId);
    expect(after).toMatchObject({ id: eventId, data: null, dataErasedAt: expect.any(String) });
    expect(after.deliveries).toMatchObject([{ id: deliveryId, status: 'success', attemptCount: 1 }]);
    const { attempts } = await scene.delivery(deliveryId);
    expect(attempts).toMatchObject([{ number: 1, outcome: 'success', httpStatus: 200 }]);
    expect(attempts[0]?.response).toEqual({ headers: {}, body: null });
    const kept = await scene.sql(
      `select from posthorn.event e where id = $1 and position(convert_to('Ada', 'UTF8') in data) > 0
       union all select from posthorn.delivery_attempt where delivery_id = $2
         and (position(convert_to('Ada', 'UTF8') in response_body) > 0 or response_headers is not null)`,
      [eventId, deliveryId],
    );
    expect(kept).toEqual([]);
    await echoing.close();
  });

  it('is shown as null in the list too, beside those that are kept', async () => {
    const type = `test.${randomUUID()}`;
    const ids = [await scene.dispatch(type, DATA), await scene.dispatch(type, DATA)];
    await erase(ids[0]!);
    const { body } = await scene.server.api<{ data: EventView[] }>('GET', `/api/events?event=${type}`);
    expect(body.data).toMatchObject([
      { id: ids[1], data: DATA, dataErasedAt: null },
      { id: ids[0], data: null, dataErasedAt: expect.any(String) },
    ]);
  });

  it('goes bit by bit where it was replayed very often: what is erased stays so, whatever the rest waits for', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    const idOf = `(left($1::text, 15) || 'fff-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
    await scene.sql(
      `WITH made AS (
         INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, replay_of, attempt_count, completed_at)
         SELECT ${idOf}, tenant_id, event_id, event_type, webhook_id, 'failed', id, 1, now()
         FROM posthorn.delivery, generate_series(1, 2500) AS n WHERE id = $2 RETURNING id, tenant_id)
       INSERT INTO posthorn.delivery_attempt (delivery_id, number, tenant_id, started_at, duration_ms, outcome, response_body)
       SELECT id, 1, tenant_id, now(), 1, 'server_error', 'Ada' FROM made`,
      [eventId, deliveryId],
    );
    const left = async (): Promise<number> => {
      const [row] = await scene.sql<{ left: number }>(
        `SELECT count(*)::int AS left FROM posthorn.delivery_attempt WHERE response_body = 'Ada'`,
      );
      return row!.left;
    };
    const holder = new pg.Client(scene.server.databaseUrl);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(
      `SELECT FROM posthorn.delivery_attempt WHERE delivery_id =
         (SELECT id FROM posthorn.delivery WHERE event_id = $1 ORDER BY id DESC LIMIT 1) FOR UPDATE`,
      [eventId],
    );
    const erasing = erase(eventId);
    await eventually(async () => (await left()) < 1_000, 'all but the last piece is erased');
    expect(await left()).toBeGreaterThan(0);
    await holder.end();
    expect((await erasing).status).toBe(204);
    expect(await left()).toBe(0);
  });

  it('is erased once: asking again changes nothing', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    expect((await erase(eventId)).status).toBe(204);
    const first = await event(eventId);
    expect((await erase(eventId)).status).toBe(204);
    expect(await event(eventId)).toEqual(first);
  });

  it('cannot be sent again by hand', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    await erase(eventId);
    expect(await scene.retry(deliveryId)).toMatchObject({ status: 409, body: { code: 'payload_erased' } });
    expect((await scene.delivery(deliveryId)).status).toBe('success');
  });

  it('that went with its retention cannot be sent again either', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    await scene.sql('delete from posthorn.event where id = $1', [eventId]);
    expect(await scene.retry(deliveryId)).toMatchObject({ status: 409, body: { code: 'payload_erased' } });
  });

  it('is nobody else’s to erase', async () => {
    const { eventId } = await sent(receiver.url);
    await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
    for (const [id, tenant] of [[eventId, 'acme'], [randomUUID()], ['nonsense']] as const) {
      expect(await erase(id, tenant)).toMatchObject({ status: 404, body: { code: 'event_not_found' } });
    }
    expect(await event(eventId)).toMatchObject({ data: DATA, dataErasedAt: null });
  });
});

describe('a payload that waits to be sent', () => {
  it('ends as expired, whether it waits for its first attempt or for another one', async () => {
    const idle = await DeliveryScene.open({ role: 'api' });
    const pending = await idle.target(receiver.url);
    const eventId = await idle.dispatch(pending.type, DATA);
    const first = await idle.deliveryOf(eventId, pending.webhookId);
    const second = await pending.send();
    await idle.sql(`update posthorn.delivery set status = 'retrying', due_at = now() + interval '1 h' where id = $1`, [
      second,
    ]);
    const secondEvent = (await idle.delivery(second)).eventId;
    for (const [id, deliveryId] of [
      [eventId, first],
      [secondEvent, second],
    ] as const) {
      expect((await idle.server.api('DELETE', `/api/events/${id}/data`)).status).toBe(204);
      expect(await idle.delivery(deliveryId)).toMatchObject({
        status: 'expired',
        reason: 'payload_erased',
        nextAttemptAt: null,
        completedAt: expect.any(String),
      });
    }
    await idle.close();
  });

  it('ends for replays of it too, made long after the event', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    const replay = randomUUID();
    await scene.sql(
      `insert into posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, due_at, replay_of)
       select $1, tenant_id, event_id, event_type, webhook_id, 'retrying', now() + interval '1 h', id
       from posthorn.delivery where id = $2`,
      [replay, deliveryId],
    );
    await erase(eventId);
    expect(await scene.delivery(replay)).toMatchObject({ status: 'expired', reason: 'payload_erased' });
  });
});

describe('a payload that is being sent', () => {
  it('is not sent again when that attempt fails, and what comes back is erased as well', async () => {
    let answer: (() => void) | undefined;
    const slow = await TestReceiver.start(({ body }, response) => {
      answer = () => response.writeHead(500).end(body);
    });
    const { eventId, deliveryId } = await sent(slow.url);
    await slow.next();
    expect((await erase(eventId)).status).toBe(204);
    expect((await scene.delivery(deliveryId)).status).toBe('sending');

    answer?.();
    expect(await scene.settled(deliveryId)).toMatchObject({
      status: 'expired',
      reason: 'payload_erased',
      attemptCount: 1,
      lastHttpStatus: 500,
    });
    expect(slow.received).toHaveLength(1);
    await scene.server.get(Erasure).catchUp();
    expect((await scene.delivery(deliveryId)).attempts[0]?.response).toEqual({ headers: {}, body: null });
    await slow.close();
  });

  it('never goes out empty, however its delivery became due again', async () => {
    const { eventId, deliveryId } = await sent(receiver.url);
    await scene.settled(deliveryId);
    await erase(eventId);
    const before = receiver.received.length;
    await scene.sql(`update posthorn.delivery set status = 'pending', due_at = now() where id = $1`, [deliveryId]);
    // Until it is claimed, it waits; once claimed, its lease brings it back to where it ends.
    const over = await eventually(async () => {
      await scene.sql(`update posthorn.delivery set due_at = now() where id = $1 and status = 'sending'`, [deliveryId]);
      const delivery = await scene.delivery(deliveryId);
      return delivery.status === 'expired' && delivery;
    }, 'the delivery expires');
    expect(over.reason).toBe('payload_erased');
    expect(receiver.received).toHaveLength(before);
  });
});
