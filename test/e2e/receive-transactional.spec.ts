// Transactional handlers: what they do through their manager and the mark of their success commit together, or not at all.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { Metrics } from '../../src/platform/observability/index.js';
import { eventually } from '../setup/eventually.js';
import { Behaviour, fail, gate, openScene, sendStripe } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

@Injectable()
class Books {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('books', 'invoice.*', { transactional: true })
  async book(event: ReceivedEvent<{ id: string }>, manager: EntityManager): Promise<void> {
    await manager.query('INSERT INTO public.booking (external_id, attempt) VALUES ($1, $2)', [
      event.data.id,
      event.attempt,
    ]);
    await this.behaviour.act('book', event);
  }

  @OnWebhook('books', 'receipt.*', { retrySchedule: ['100ms'] })
  async file(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('file', event);
  }

  @OnWebhook('books', 'invoice.*')
  async mail(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('mail', event);
  }
}

let scene: Scene;
let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  scene = await openScene([{ name: 'books' }], { providers: [Books] });
  ({ shop, rows } = scene);
  await rows.query('CREATE TABLE public.booking (external_id text, attempt integer)');
});
afterAll(() => scene?.close());

const bookings = (id: string) => rows.query('SELECT attempt FROM public.booking WHERE external_id = $1', [id]);
const path = '/webhooks/books';

describe('a transactional handler', () => {
  it('is counted as it ended, like any other', async () => {
    const count = async (outcome: string): Promise<number> => {
      const text = await shop.app.get(Metrics, { strict: false }).text();
      return Number(new RegExp(`handler="Books.book",outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    const before = { succeeded: await count('succeeded'), failed: await count('failed') };
    expect(answerOf(await sendStripe(shop, stripeEvent('invoice.paid').body, path))).toEqual(EXACT.processed);
    expect({ succeeded: await count('succeeded'), failed: await count('failed') }).toEqual({
      ...before,
      succeeded: before.succeeded + 1,
    });
  });

  it('that throws leaves nothing behind, and is tried again; the others run as ever', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    shop.behaviour.plan('book', fail);
    expect(answerOf(await sendStripe(shop, body, path))).toEqual(EXACT.failed);
    expect(await bookings(id)).toEqual([]);
    expect((await rows.runs(id)).map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    shop.behaviour.plan('book', () => undefined);
    expect(answerOf(await sendStripe(shop, body, path))).toEqual(EXACT.processed);
    expect(await bookings(id)).toEqual([{ attempt: 2 }]);
    expect(shop.behaviour.seen.at(-1)?.event).toMatchObject({ attempt: 2, deliveredBefore: true });
    expect(answerOf(await sendStripe(shop, body, path))).toEqual(EXACT.already);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'mail', 'book']);
  });

  it('whose run another process took over undoes what it did', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    const { opened, open } = gate();
    shop.behaviour.plan('book', ({ attempt }) => (attempt === 1 ? opened : undefined));
    const slow = sendStripe(shop, body, path);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    // As if its process had been stopped for longer than a lease.
    await rows.query(`UPDATE posthorn.handler_run SET due_at = now() - interval '1 second' WHERE status = 'running'`);
    await eventually(async () => (await bookings(id)).length === 1, 'another try books');
    open();
    await slow;
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'the event is processed');
    expect(await bookings(id)).toEqual([{ attempt: 2 }]);
    shop.behaviour.plan('book', () => undefined);
  });

  it('whose statement is refused by the database is tried again', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    await rows.query(`ALTER TABLE public.booking ADD CONSTRAINT no_zero CHECK (attempt <> 1) NOT VALID`);
    try {
      shop.behaviour.plan('book', () => undefined);
      expect(answerOf(await sendStripe(shop, body, path))).toEqual(EXACT.failed);
    } finally {
      await rows.query('ALTER TABLE public.booking DROP CONSTRAINT no_zero');
    }
    expect(answerOf(await sendStripe(shop, body, path))).toEqual(EXACT.processed);
    expect(await bookings(id)).toEqual([{ attempt: 2 }]);
  });
});

describe('a handler with a schedule of its own', () => {
  it('is tried again by it, and rests after its last step', async () => {
    const { id, body } = stripeEvent('receipt.made');
    shop.behaviour.plan('file', fail);
    await sendStripe(shop, body, path);
    const rests = async () => (await rows.runs(id))[0];
    await eventually(
      async () => (await rests())?.attempt_count === 2 && (await rests())?.status === 'failed',
      'a retry',
    );
    expect(await rests()).toMatchObject({ due_in: null });
    expect(shop.behaviour.runsOf(id)).toEqual(['file', 'file']);
  });
});

describe('a handler that succeeded', () => {
  it('is recorded before the next one starts', async () => {
    const { id, body } = stripeEvent('invoice.paid');
    const { opened, open } = gate();
    shop.behaviour.plan('mail', () => opened);
    const answer = sendStripe(shop, body, path);
    await eventually(() => shop.behaviour.runsOf(id).length === 2, 'the second handler runs');
    expect((await rows.runs(id)).map(({ status }) => status)).toEqual(['succeeded', 'running']);
    open();
    expect(answerOf(await answer)).toEqual(EXACT.processed);
  });
});
