// Copies of an event: its handlers run once, however many come, however concurrent.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { fail, gate, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import { addSource } from './received-rows.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent, untilTaken } from './sender.harness.js';

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

describe('copies', () => {
  it('of one event, a hundred at once over two processes, run its handlers once', async () => {
    const second = await startShop(databaseUrl);
    try {
      const { id, body } = stripeEvent('payment.made');
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) => untilTaken(() => sendStripe(index % 2 ? shop : second, body))),
      );
      const ran = [...shop.behaviour.runsOf(id), ...second.behaviour.runsOf(id)];
      expect(ran).toEqual(['book', 'thank']);
      expect(answers.filter(({ body }) => (body as { status: string }).status === 'processed')).toHaveLength(1);
      expect(answers.filter(({ body }) => (body as { status: string }).status === 'already_processed')).toHaveLength(
        99,
      );
    } finally {
      await second.app.close();
    }
  });

  it('that come while it is processed wait for the outcome, in its process and in others', async () => {
    const second = await startShop(databaseUrl);
    try {
      const { id, body } = stripeEvent('payment.made');
      const { opened, open } = gate();
      shop.behaviour.plan('book', ({ data }) => ((data as { id: string }).id === id ? opened : undefined));
      const first = sendStripe(shop, body);
      await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
      const copies = [sendStripe(shop, body), sendStripe(second, body)];
      open();
      expect(answerOf(await first)).toEqual(EXACT.processed);
      for (const copy of copies) expect(answerOf(await copy)).toEqual(EXACT.already);
    } finally {
      await second.app.close();
    }
  });

  it('are told to come again when that takes longer than five seconds, and hold no connection meanwhile', async () => {
    const { id, body } = stripeEvent('payment.made');
    const { opened, open } = gate();
    shop.behaviour.plan('book', ({ data }) => ((data as { id: string }).id === id ? opened : undefined));
    const first = sendStripe(shop, body);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    // Far more than the pool has connections.
    const copies = Array.from({ length: 60 }, () => sendStripe(shop, body));
    const other = stripeEvent('payment.refunded');
    expect(answerOf(await sendStripe(shop, other.body))).toEqual(EXACT.processed);
    for (const copy of await Promise.all(copies)) {
      expect(answerOf(copy)).toEqual(EXACT.inProgress);
      expect(copy.headers.get('retry-after')).toBe('5');
    }
    open();
    expect(answerOf(await first)).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
  });

  it('with another body are duplicates, flagged; the first body counts', async () => {
    const { id, body } = stripeEvent('payment.made', { amount: 1 });
    shop.behaviour.plan('book', fail);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.failed);
    shop.behaviour.plan('book', () => undefined);
    expect(answerOf(await sendStripe(shop, body.replace('"amount":1', '"amount":2')))).toEqual(EXACT.processed);
    expect(shop.behaviour.seen.at(-1)?.event).toMatchObject({ data: { amount: 1 }, attempt: 2 });
    const stored = await rows.event(id);
    expect(stored).toMatchObject({ status: 'processed', conflict: true });
    expect(stored?.body.toString()).toBe(body);
  });

  it('past the idempotency window are events of their own', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    await rows.query(
      `UPDATE posthorn.received_key SET expires_at = now() - interval '1 second' WHERE external_id = $1`,
      [id],
    );
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book', 'thank']);
  });

  it('are recognised for as long as their source says', async () => {
    for (const [name, seconds] of [
      ['brief', 3_600],
      ['plain', null],
    ] as const) {
      await addSource(rows, { name });
      await rows.query('UPDATE posthorn.source SET idempotency_window_seconds = $2 WHERE name = $1', [name, seconds]);
      const { id, body } = stripeEvent('any.thing');
      await sendStripe(shop, body, `/webhooks/${name}`);
      const [entry] = await rows.query<{ seconds: number }>(
        `SELECT extract(epoch FROM expires_at - seen_at)::int AS seconds FROM posthorn.received_key WHERE external_id = $1`,
        [id],
      );
      expect(entry?.seconds).toBe(seconds ?? 86_400);
    }
  });

  it('of a hundred events, a thousand at once over two processes, run the handlers of each once', async () => {
    const second = await startShop(databaseUrl);
    try {
      const events = Array.from({ length: 100 }, () => stripeEvent('payment.refunded'));
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, n) =>
          untilTaken(() => sendStripe(n % 2 ? shop : second, events[Math.floor(n / 2) % 100]?.body as string)),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const ran = events.map(({ id }) => [...shop.behaviour.runsOf(id), ...second.behaviour.runsOf(id)]);
      expect(ran).toEqual(events.map(() => ['thank']));
    } finally {
      await second.app.close();
    }
  });

  it('of one id at another source or tenant are other events', async () => {
    const { id, body } = stripeEvent('payment.made');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, body, '/webhooks/acme/stripe'))).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toHaveLength(4);
  });
});

describe('the ledger', () => {
  it('forgets what is past the window', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    await rows.query(
      `UPDATE posthorn.received_key SET expires_at = now() - interval '1 second' WHERE external_id = $1`,
      [id],
    );
    const pruning = await startShop(databaseUrl);
    try {
      const entries = () => rows.query('SELECT FROM posthorn.received_key WHERE external_id = $1', [id]);
      await eventually(async () => (await entries()).length === 0, 'the entry is deleted');
      expect(await rows.event(id)).toMatchObject({ status: 'processed' });
    } finally {
      await pruning.app.close();
    }
  });
});
