// What came in, as the API shows it, and running it again.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import {
  addSource,
  api,
  EXACT,
  answerOf,
  fail,
  gate,
  Rows,
  sendStripe,
  startShop,
  stripeEvent,
} from './receive.harness.js';
import type { Shop } from './receive.harness.js';

let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  const { url } = await cloneDatabase();
  rows = new Rows(url);
  shop = await startShop(url);
  await addSource(rows, { name: 'other' });
  await addSource(rows, { name: 'stripe', tenant: 'acme' });
});
afterAll(async () => {
  await shop?.app.close();
  await rows?.end();
});

interface Listed {
  data: { id: string; externalId: string; status: string; receivedAt: string }[];
  nextCursor: string | null;
}
const list = async (query = '', tenant?: string): Promise<Listed> =>
  (await api(shop, `received-events${query}`, { tenant })).body as Listed;
const idOf = async (externalId: string): Promise<string> => (await rows.event(externalId))?.id as string;
const replay = async (externalId: string, body: object = {}) =>
  api(shop, `received-events/${await idOf(externalId)}/replay`, { method: 'POST', body });

describe('a received event', () => {
  it('is shown with its body, masked headers and runs', async () => {
    const { id: externalId, body } = stripeEvent('payment.made', { text: 'żółw', created: 1_767_225_600 });
    await sendStripe(shop, body);
    const id = await idOf(externalId);
    const answer = await api(shop, `received-events/${id}`);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const run = { status: 'succeeded', attemptCount: 1, error: null, nextAttemptAt: null, finishedAt: time };
    expect(answer.body).toEqual({
      id,
      source: 'stripe',
      provider: 'stripe',
      externalId,
      type: 'payment.made',
      status: 'processed',
      conflict: false,
      headers: expect.objectContaining({ 'stripe-signature': '[secret]', 'content-type': 'application/json' }),
      body,
      bodyEncoding: 'utf8',
      occurredAt: '2026-01-01T00:00:00.000Z',
      receivedAt: time,
      processedAt: time,
      runs: [
        { handler: 'Payments.bookPayment', ...run },
        { handler: 'thank-customer', ...run },
      ],
    });
  });

  it('is another tenant’s: 404, as for one that does not exist', async () => {
    const { id: externalId, body } = stripeEvent('payment.made');
    await sendStripe(shop, body, '/webhooks/acme/stripe');
    const id = await idOf(externalId);
    expect((await api(shop, `received-events/${id}`, { tenant: 'acme' })).status).toBe(200);
    for (const path of [id, 'nonsense', '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d']) {
      expect((await api(shop, `received-events/${path}`)).status).toBe(404);
      expect((await api(shop, `received-events/${path}/replay`, { method: 'POST', body: { all: true } })).status).toBe(
        404,
      );
    }
    expect(shop.behaviour.runsOf(externalId)).toHaveLength(2);
    expect((await list('', 'acme')).data.map((event) => event.externalId)).toEqual([externalId]);
    expect((await list('?limit=250')).data.map((event) => event.externalId)).not.toContain(externalId);
  });
});

describe('the list', () => {
  it('pages newest first, through everything once', async () => {
    const sent: string[] = [];
    for (let count = 0; count < 7; count++) {
      const { id, body } = stripeEvent('any.thing');
      await sendStripe(shop, body, '/webhooks/other');
      sent.unshift(id);
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?source=other&limit=3${cursor}`);
      seen.push(...page.data.map(({ externalId }) => externalId));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor);
    expect(seen).toEqual(sent);
  });

  it('is filtered by status, and by time: since inclusive, until exclusive', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    await sendStripe(shop, body);
    shop.behaviour.plan('book', () => undefined);
    expect((await list('?status=failed')).data.map(({ externalId }) => externalId)).toEqual([id]);
    expect((await list('?status=failed&source=other')).data).toEqual([]);

    await rows.query(
      `UPDATE posthorn.received_event SET received_at = date_trunc('milliseconds', received_at) WHERE external_id = $1`,
      [id],
    );
    const at = (await list('?status=failed')).data[0]?.receivedAt as string;
    const later = new Date(Date.parse(at) + 1).toISOString();
    expect((await list(`?status=failed&since=${at}&until=${later}`)).data).toHaveLength(1);
    expect((await list(`?status=failed&since=${later}`)).data).toHaveLength(0);
    expect((await list(`?status=failed&until=${at}`)).data).toHaveLength(0);
  });

  it.each([
    '?status=lost',
    '?source=A%20B',
    '?since=yesterday',
    '?cursor=x',
    '?limit=0',
    '?unknown=1',
    '?status=failed&status=failed',
  ])('refuses %s', async (query) => {
    expect((await api(shop, `received-events${query}`)).status).toBe(400);
  });

  it('asks for a key', async () => {
    expect((await fetch(`${shop.url}/api/received-events`)).status).toBe(401);
  });
});

describe('replaying', () => {
  const processed = (externalId: string) =>
    eventually(async () => (await rows.event(externalId))?.status === 'processed', 'the replay is processed');

  it('runs what did not succeed, at once', async () => {
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', fail);
    await sendStripe(shop, body);
    shop.behaviour.plan('book', () => undefined);
    expect(await replay(id)).toMatchObject({ status: 202, body: { count: 1 } });
    await processed(id);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book']);
    expect(await replay(id)).toMatchObject({ status: 202, body: { count: 0 } });
  });

  it('runs every handler when all are asked for', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    expect(await replay(id, { all: true })).toMatchObject({ status: 202, body: { count: 2 } });
    await eventually(() => shop.behaviour.runsOf(id).length === 4, 'they ran');
    await processed(id);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book', 'thank']);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
  });

  it('gives an unhandled event to the handlers there are now', async () => {
    const { id, body } = stripeEvent('customer.renamed');
    await sendStripe(shop, body);
    expect(await replay(id)).toMatchObject({ status: 202, body: { count: 0 } });
    // As if its handler had been added since.
    await rows.query(`UPDATE posthorn.received_event SET type = 'payment.refunded' WHERE external_id = $1`, [id]);
    expect(await replay(id)).toMatchObject({ status: 202, body: { count: 1 } });
    await processed(id);
    expect(shop.behaviour.runsOf(id)).toEqual(['thank']);
  });

  it('is refused while handlers run, and for what was rejected', async () => {
    const { id, body } = stripeEvent('payment.made');
    const { opened, open } = gate();
    shop.behaviour.plan('book', () => opened);
    const first = sendStripe(shop, body);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    expect(await replay(id, { all: true })).toMatchObject({ status: 409, body: { code: 'in_progress' } });
    open();
    expect(answerOf(await first)).toEqual(EXACT.processed);

    await sendStripe(shop, 'no json');
    const [rejected] = (await list('?status=rejected')).data;
    expect(await api(shop, `received-events/${rejected?.id}/replay`, { method: 'POST', body: {} })).toMatchObject({
      status: 409,
      body: { code: 'event_rejected' },
    });
  });

  it('refuses a body that says something else', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body);
    expect((await replay(id, { all: 'yes' })).status).toBe(400);
    expect((await replay(id, { every: true })).status).toBe(400);
  });
});
