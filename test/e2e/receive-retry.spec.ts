// Handlers that fail, processes that die, queues that are lost: what is unfinished runs again, and nothing else does.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DueRunsRepository } from '../../src/inbound/due-runs.repository.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { fail, gate, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import { addSource, Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

let scene: Scene;
let databaseUrl: string;
let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  scene = await openScene([
    { name: 'queued', processing: 'queued' },
    { name: 'stripe', tenant: 'acme' },
  ]);
  ({ databaseUrl, shop, rows } = scene);
});
afterAll(() => scene?.close());

describe('a handler that throws', () => {
  it('does not keep the others from running, and alone runs again when the sender sends again', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    expect(await rows.event(id)).toMatchObject({ status: 'failed' });
    expect(await rows.runs(id)).toEqual([
      {
        handler: 'Payments.bookPayment',
        status: 'failed',
        attempt_count: 1,
        error: 'the books are closed',
        due_in: expect.any(Number),
      },
      { handler: 'thank-customer', status: 'succeeded', attempt_count: 1, error: null, due_in: null },
    ]);
    const [run] = await rows.runs(id);
    expect(run?.due_in).toBeGreaterThan(0);
    expect(run?.due_in).toBeLessThan(12.1);

    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
    shop.behaviour.plan('book', () => undefined);
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendStripe(shop, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book', 'book']);
    expect(await rows.event(id)).toMatchObject({ status: 'processed' });
  });

  it('runs once for copies that all find it unfinished at the same moment', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    await sendStripe(shop, body);
    shop.behaviour.plan('book', () => undefined);
    const copies: Promise<Answered>[] = [];
    const locked = `SELECT FROM posthorn.handler_run r JOIN posthorn.received_event e ON e.id = r.received_event_id
      WHERE e.external_id = $1 FOR UPDATE OF r`;
    const holding = rows.untilOthersWait(5, locked, [id]);
    for (let count = 0; count < 10; count++) copies.push(sendStripe(shop, body));
    await holding;
    for (const copy of copies) expect((await copy).status).toBe(200);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book']);
  });

  it('is tried again by us, without another request', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    await sendStripe(shop, body);
    shop.behaviour.plan('book', () => undefined);
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'our own retry');
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book']);
  });

  it('is not tried for ever: after the last step of the schedule it rests', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    await sendStripe(shop, body);
    await rows.query(
      `UPDATE posthorn.handler_run SET retries_used = 4, due_at = now() WHERE status = 'failed' AND received_event_id =
       (SELECT id FROM posthorn.received_event WHERE external_id = $1)`,
      [id],
    );
    await eventually(() => shop.behaviour.runsOf(id).length === 3, 'the last retry');
    await eventually(async () => (await rows.runs(id))[0]?.due_in === null, 'the schedule is used up');
    shop.behaviour.plan('book', () => undefined);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
  });

  it('may throw anything at all', async () => {
    for (const thrown of [
      undefined,
      null,
      'text',
      { toString: () => 'odd' },
      new Error('NUL \u0000 in it'),
      new Error(''),
    ]) {
      const { id, body } = stripeEvent('payment.made');
      shop.behaviour.plan('book', () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- handlers may throw anything
        throw thrown;
      });
      expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
      expect((await rows.runs(id))[0]).toMatchObject({ status: 'failed', error: expect.any(String) });
    }
    shop.behaviour.plan('book', () => undefined);
  });
});

describe('a run whose process died', () => {
  const die = async (externalId: string): Promise<void> => {
    // What a crash leaves: the run of the second handler still marked running, its lease over.
    await rows.query(
      `WITH e AS (UPDATE posthorn.received_event SET status = 'processing' WHERE external_id = $1 RETURNING id)
       UPDATE posthorn.handler_run r SET status = 'running', finished_at = NULL, due_at = now() - interval '1 second'
       FROM e WHERE r.received_event_id = e.id AND r.handler = 'thank-customer'`,
      [externalId],
    );
  };

  it('is taken over after its lease; what had succeeded does not run again', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    await die(id);
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'the sweep takes it over');
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'thank']);
  });

  it('does not make its event failed while another run of it waits for its time', async () => {
    const idle = await openScene([], { role: 'api' });
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(idle.shop, body);
    const mark = (handler: string, status: string, due: string) =>
      idle.rows.query(`UPDATE posthorn.handler_run SET status = $2, due_at = now() + $3::interval WHERE handler = $1`, [
        handler,
        status,
        due,
      ]);
    const sweep = () => idle.shop.app.get(DueRunsRepository).failInterrupted(10, new Map());
    await mark('Payments.bookPayment', 'pending', '1 hour');
    await mark('thank-customer', 'running', '-1 second');
    await idle.rows.query(`UPDATE posthorn.received_event SET status = 'processing'`);
    expect(await sweep()).toBe(1);
    expect(await idle.rows.event(id)).toMatchObject({ status: 'processing' });

    await mark('Payments.bookPayment', 'running', '-1 second');
    expect(await sweep()).toBe(1);
    expect(await idle.rows.event(id)).toMatchObject({ status: 'failed' });
    await idle.close();
  });

  it('is taken over by whoever sends the event again, once', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    await die(id);
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendStripe(shop, body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'thank']);
  });
});

describe('a queued source', () => {
  it('is answered as soon as the event is stored, copies alike, and handled from the queue', async () => {
    const { id, body } = stripeEvent('anything');
    const { opened, open } = gate();
    shop.behaviour.plan('later', () => opened);
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
    open();
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'the event is processed');
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.already);
    expect(shop.behaviour.runsOf(id)).toEqual(['later']);
  });

  it('loses nothing when its jobs are lost, and leaves the work to the workers', async () => {
    const other = (await cloneDatabase()).url;
    const otherRows = new Rows(other);
    const { id, body } = stripeEvent('anything');
    try {
      const receiving = await startShop(other, { role: 'api' });
      await addSource(otherRows, { name: 'queued', processing: 'queued' });
      expect(answerOf(await sendStripe(receiving, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
      const jobs = () => otherRows.query(`DELETE FROM posthorn_queue.job WHERE queue = 'posthorn-runs' RETURNING id`);
      await eventually(async () => (await jobs()).length === 1, 'the hint is there, and lost');
      await receiving.app.close();
      expect(receiving.behaviour.runsOf(id)).toEqual([]);

      const working = await startShop(other);
      await eventually(async () => (await otherRows.event(id))?.status === 'processed', 'the sweep finds it');
      expect(working.behaviour.runsOf(id)).toEqual(['later']);
      await working.app.close();
    } finally {
      await otherRows.end();
    }
  });

  it('whose jobs are lost by the hundred is worked off without a pause', async () => {
    const ids: string[] = [];
    const { url: other } = await cloneDatabase();
    const otherRows = new Rows(other);
    const receiving = await startShop(other, { role: 'api' });
    await addSource(otherRows, { name: 'queued', processing: 'queued' });
    for (let n = 0; n < 200; n += 1) {
      const { id, body } = stripeEvent('anything');
      ids.push(id);
      await sendStripe(receiving, body, '/webhooks/queued');
    }
    await receiving.app.close();
    await otherRows.query(`DELETE FROM posthorn_queue.job WHERE queue = 'posthorn-runs'`);

    const working = await startShop(other);
    const left = async (): Promise<number> =>
      (await otherRows.query(`SELECT FROM posthorn.received_event WHERE status <> 'processed'`)).length;
    // By eights, one lot every sweep, it would take fifty seconds.
    await eventually(async () => (await left()) === 0, 'all are processed');
    expect(ids.flatMap((id) => working.behaviour.runsOf(id))).toHaveLength(200);
    await working.app.close();
    await otherRows.end();
  });

  it('that failed runs again at once when the sender sends again', async () => {
    const { id, body } = stripeEvent('anything');
    shop.behaviour.plan('later', fail);
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
    await eventually(async () => (await rows.event(id))?.status === 'failed', 'it failed');
    shop.behaviour.plan('later', () => undefined);
    expect(answerOf(await sendStripe(shop, body, '/webhooks/queued'))).toEqual(EXACT.accepted);
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'it is processed');
    expect(shop.behaviour.runsOf(id)).toEqual(['later', 'later']);
  });
});

describe('a handler that takes longer than a lease', () => {
  it('keeps it, so that nobody else runs it', async () => {
    const { id, body } = stripeEvent('payment.made');
    const { opened, open } = gate();
    shop.behaviour.plan('book', () => opened);
    const answer = sendStripe(shop, body);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    // As if most of the lease had passed.
    await rows.query(`UPDATE posthorn.handler_run SET due_at = now() + interval '12 seconds' WHERE status = 'running'`);
    const renewed = async () => (await rows.runs(id)).every(({ due_in }) => (due_in ?? 0) > 15);
    await eventually(renewed, 'the lease is renewed');
    open();
    expect(answerOf(await answer)).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    shop.behaviour.plan('book', () => undefined);
  });
});

describe('a process that stops', () => {
  it('lets running handlers finish and records what they did', async () => {
    const stopping = await startShop(databaseUrl);
    const { id, body } = stripeEvent('payment.made');
    const { opened, open } = gate();
    stopping.behaviour.plan('book', () => opened);
    const answer = sendStripe(stopping, body);
    await eventually(() => stopping.behaviour.runsOf(id).length === 1, 'the handler runs');
    const closed = stopping.app.close();
    open();
    expect(answerOf(await answer)).toEqual(EXACT.processed);
    await closed;
    expect(await rows.event(id)).toMatchObject({ status: 'processed' });
  });
});
