// Deliveries that are claimed as they are stored: which are, which are not, and that neither a refusal nor a crowd leaves
// anything behind.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { EventDispatcher } from '../../src/outbound/index.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';

/** What the engine may hold, in flight and waiting: eight times this. */
const CONCURRENCY = 16;

let scene: DeliveryScene;
let dispatcher: EventDispatcher;

beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: CONCURRENCY });
  dispatcher = scene.server.get(EventDispatcher);
  await watchBirths(scene);
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

/** Writes down as what each delivery comes into the world; and makes the database refuse some of them. */
const watchBirths = (at: DeliveryScene): Promise<unknown> =>
  at.sql(`
    CREATE TABLE public.birth (delivery_id uuid, webhook_id uuid, status text, attempt_count int);
    CREATE FUNCTION public.note_birth() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF new.event_type = 'refused.by.database' THEN RAISE EXCEPTION 'no room on this disk'; END IF;
      INSERT INTO public.birth VALUES (new.id, new.webhook_id, new.status, new.attempt_count);
      RETURN NULL;
    END $$;
    CREATE TRIGGER note_birth AFTER INSERT ON posthorn.delivery FOR EACH ROW EXECUTE FUNCTION public.note_birth();`);

const bornAs = async ({ webhookId }: Target): Promise<string[]> => {
  const rows = await scene.sql<{ status: string }>('SELECT status FROM public.birth WHERE webhook_id = $1', [
    webhookId,
  ]);
  return rows.map(({ status }) => status);
};

/** Dispatches to both in one statement until what went to `plain`, which is well, was claimed as it was stored. */
async function together(plain: Target, other: Target, more: object = {}): Promise<void> {
  const claimed = async (): Promise<number> => (await bornAs(plain)).filter((status) => status === 'sending').length;
  const before = await claimed();
  // The engine must have looked around a moment ago, which a busy machine may delay.
  await eventually(async () => {
    await dispatcher.dispatchMany([
      { event: plain.type, data: { n: 1 } },
      { event: other.type, data: { n: 1 }, ...more },
    ]);
    return (await claimed()) > before;
  }, 'a delivery is claimed as it is stored');
}

describe('a delivery', () => {
  it('is claimed as it is stored, where its webhook is well, and sent once like any other', async () => {
    const receiver = await scene.receiver(200);
    const [one, two] = [await scene.target(receiver.url), await scene.target(receiver.url)];
    await together(one, two);
    expect(await bornAs(two)).toContain('sending');
    const [row] = await scene.sql<{ id: string }>(
      `SELECT delivery_id AS id FROM public.birth WHERE webhook_id = $1 AND status = 'sending' AND attempt_count = 1`,
      [one.webhookId],
    );
    const delivery = await scene.settled(row?.id ?? '');
    expect(delivery).toMatchObject({ status: 'success', attemptCount: 1, lastHttpStatus: 200, nextAttemptAt: null });
    expect(delivery.attempts).toMatchObject([{ number: 1, outcome: 'success', httpStatus: 200 }]);
    const requests = receiver.received.filter(({ headers }) => headers['x-webhook-delivery'] === delivery.id);
    expect(requests.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1']);
  });

  it.each([
    ['limits the requests in flight', { maxInFlight: 4 }, {}],
    ['limits its rate', { rateLimit: { max: 1_000, perSeconds: 1 } }, {}],
    ['is ordered', { ordered: true }, {}],
    ['is sent to at most once', { guarantee: 'at-most-once' }, {}],
    ['lets what is late expire', { expiresAfter: '1h' }, {}],
    ['gets an event that expires', {}, { expiresAfter: '1h' }],
  ])('waits for the claim, where its webhook %s', async (_, options, ofEvent) => {
    const receiver = await scene.receiver(200);
    const [plain, other] = [await scene.target(receiver.url), await scene.target(receiver.url, options)];
    await together(plain, other, ofEvent);
    expect(new Set(await bornAs(other))).toEqual(new Set(['pending']));
    await eventually(
      async () => (await scene.logged(other.type)).every(({ status }) => status === 'success'),
      'they are delivered all the same',
    );
  });

  it('waits for the claim, where its webhook failed last, and for its time, where it is to come later', async () => {
    const receiver = await scene.receiver(404);
    const [plain, failing] = [await scene.target((await scene.receiver(200)).url), await scene.target(receiver.url)];
    await scene.settled(await failing.send());
    const born = (await bornAs(failing)).length;
    await together(plain, failing);
    await together(plain, failing, { deliverAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect(new Set((await bornAs(failing)).slice(born))).toEqual(new Set(['pending', 'retrying']));
  });

  it('waits for the claim in a transaction of the caller, whose commit is not known here', async () => {
    const receiver = await scene.receiver(200);
    const [plain, other] = [await scene.target(receiver.url), await scene.target(receiver.url)];
    await together(plain, plain);
    const { DataSource } = await import('typeorm');
    const shop = await new DataSource({ type: 'postgres', url: scene.server.databaseUrl }).initialize();
    try {
      await shop.transaction((manager) => dispatcher.dispatch(other.type, { n: 1 }, { manager }));
    } finally {
      await shop.destroy();
    }
    expect(await bornAs(other)).toEqual(['pending']);
    await receiver.next();
  });
});

it('a crowd that exceeds what may be held is delivered whole, each once', async () => {
  const receiver = await scene.receiver(200);
  const [one, two] = [await scene.target(receiver.url), await scene.target(receiver.url)];
  const crowd = Array.from({ length: 40 * CONCURRENCY }, (_, n) => ({ event: (n % 2 ? one : two).type, data: { n } }));
  await Promise.all([dispatcher.dispatchMany(crowd), dispatcher.dispatchMany(crowd)]);
  await eventually(() => receiver.received.length >= 2 * crowd.length, 'all arrive');
  const ids = new Set(receiver.received.map(({ headers }) => headers['x-webhook-delivery']));
  expect(ids.size).toBe(2 * crowd.length);
  expect(receiver.received).toHaveLength(2 * crowd.length);
});

it('what the database refuses gives back the room that was kept for it', async () => {
  const receiver = await scene.receiver(200);
  await scene.server.webhook(receiver.url, ['refused.by.database']);
  const [plain, other] = [await scene.target(receiver.url), await scene.target(receiver.url)];
  const batch = Array.from({ length: 2 * CONCURRENCY }, () => ({ event: 'refused.by.database', data: {} }));
  for (let n = 0; n < 10; n += 1) await expect(dispatcher.dispatchMany(batch)).rejects.toThrow('no room on this disk');
  await together(plain, other);
});

it('a process that stops answers for what is in flight, and gives back what waits', async () => {
  // One request of each webhook and four in all: the others wait.
  const stopping = await DeliveryScene.open({ deliveryConcurrency: 4 });
  const held: ServerResponse[] = [];
  const receiver = await stopping.receiver((_, response) => void held.push(response));
  try {
    await watchBirths(stopping);
    const targets = await Promise.all(Array.from({ length: 8 }, () => stopping.target(receiver.url)));
    const events = targets.map(({ type }) => ({ event: type, data: {} }));
    await stopping.server.get(EventDispatcher).dispatchMany(events);
    await eventually(() => held.length === 4, 'four are in flight');
    const stopped = stopping.server.close();
    // An answer before the engine stops would make room for another, which is nothing that waits any more.
    await eventually(async () => {
      const rows = await stopping.sql(`SELECT FROM posthorn.delivery WHERE status = 'pending'`);
      return rows.length === 4;
    }, 'what waits is given back');
    for (const response of held) response.writeHead(200).end();
    await stopped;
    const ends = await stopping.sql<{ born: string; status: string; attempts: number; count: number }>(
      `SELECT birth.status AS born, d.status, d.attempt_count AS attempts, count(*)::int AS count
       FROM posthorn.delivery d JOIN public.birth ON birth.delivery_id = d.id GROUP BY 1, 2, 3 ORDER BY 2`,
    );
    expect(ends).toEqual([
      { born: 'sending', status: 'pending', attempts: 0, count: 4 },
      { born: 'sending', status: 'success', attempts: 1, count: 4 },
    ]);
  } finally {
    await stopping.close();
  }
});
