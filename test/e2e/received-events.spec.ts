// What came in, as the API shows it, and running it again.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { eventually } from '../setup/eventually.js';
import { api, fail, gate, openScene, sendStripe } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, stripeEvent } from './sender.harness.js';

let scene: Scene;
let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  scene = await openScene([{ name: 'other' }, { name: 'stripe', tenant: 'acme' }]);
  ({ shop, rows } = scene);
});
afterAll(() => scene?.close());

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

  it('looks through so many for what no index knows, and the next page goes on from there', async () => {
    const startMs = Date.now() - 3_600_000;
    const ids = Array.from({ length: 6_001 }, (_, n) => lowestIdAt(startMs + n));
    await rows.query(`INSERT INTO posthorn.tenant (id, name) VALUES ('many', 'Many')`);
    await rows.query(
      `INSERT INTO posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
       SELECT id, 'many', gen_random_uuid(), CASE n WHEN 1 THEN 'rare' ELSE 'often' END, 'stripe', n, 'a.b',
         CASE n WHEN 1 THEN 'failed' ELSE 'processed' END, '{}', '{}'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS i (id, n)`,
      [ids],
    );
    const since = new Date(startMs - 1_000).toISOString();
    for (const filter of ['status=failed', 'source=rare', `status=failed&source=rare&since=${since}`]) {
      const first = await list(`?${filter}`, 'many');
      expect([first.data, typeof first.nextCursor]).toEqual([[], 'string']);
      const second = await list(`?${filter}&cursor=${first.nextCursor}`, 'many');
      expect([second.data.map(({ id }) => id), second.nextCursor]).toEqual([[ids[0]], null]);
    }
    expect((await list('?limit=250', 'many')).data.map(({ id }) => id)).toEqual(ids.slice(-250).toReversed());
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

describe('replaying many', () => {
  const many = (body: object, tenant?: string) => api(shop, 'received-events/replay', { method: 'POST', body, tenant });
  let since: string;
  beforeEach(() => void (since = new Date().toISOString()));

  it('runs what did not succeed of a time, a source and a type, or counts it', async () => {
    const failed = Array.from({ length: 3 }, () => stripeEvent('payment.made'));
    shop.behaviour.plan('book', fail);
    for (const { body } of failed) await sendStripe(shop, body);
    shop.behaviour.plan('book', () => undefined);
    const theirs = stripeEvent('payment.made');
    await sendStripe(shop, theirs.body, '/webhooks/acme/stripe');
    const asked = { since, source: 'stripe', type: 'payment.made' };
    expect(await many({ ...asked, dryRun: true })).toMatchObject({ status: 202, body: { count: 3 } });
    for (const other of [{ source: 'other' }, { type: 'payment' }, { until: since }])
      expect(await many({ ...asked, ...other, dryRun: true })).toMatchObject({ body: { count: 0 } });
    expect(shop.behaviour.runsOf(failed[0]?.id as string)).toEqual(['book', 'thank']);

    expect(await many(asked)).toMatchObject({ status: 202, body: { count: 3 } });
    for (const { id } of failed) {
      await eventually(async () => (await rows.event(id))?.status === 'processed', 'it is processed');
      expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank', 'book']);
    }
    expect(await many(asked)).toMatchObject({ body: { count: 0 } });
    expect(await many({ ...asked, all: true, dryRun: true }, 'acme')).toMatchObject({ body: { count: 2 } });
    expect(await many({ ...asked, all: true }, 'acme')).toMatchObject({ body: { count: 2 } });
    await eventually(() => shop.behaviour.runsOf(theirs.id).length === 4, 'the other tenant’s run again');
    expect(shop.behaviour.runsOf(failed[0]?.id as string)).toHaveLength(3);
  });

  it('gives what nobody handled to the handlers there are now', async () => {
    const { id, body } = stripeEvent('customer.moved');
    await sendStripe(shop, body);
    await rows.query(`UPDATE posthorn.received_event SET type = 'payment.moved' WHERE external_id = $1`, [id]);
    expect(await many({ since, type: 'payment.moved', dryRun: true })).toMatchObject({ body: { count: 1 } });
    expect(await many({ since, type: 'payment.moved' })).toMatchObject({ body: { count: 1 } });
    await eventually(async () => (await rows.event(id))?.status === 'processed', 'it is processed');
    expect(shop.behaviour.runsOf(id)).toEqual(['thank']);
  });

  it('refuses more than ten thousand events, and what it does not understand', async () => {
    await rows.query(
      `INSERT INTO posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
       SELECT (left(e.id::text, 18) || right(gen_random_uuid()::text, 18))::uuid, 'acme', e.source_id, 'many', e.provider,
         n::text, 'a', 'failed', '{}', ''
       FROM (SELECT * FROM posthorn.received_event LIMIT 1) e, generate_series(1, 10001) n`,
    );
    expect(await many({ since, source: 'many' }, 'acme')).toMatchObject({
      status: 400,
      body: { code: 'too_many_events' },
    });
    for (const wrong of [{}, { since: 'x' }, { since, all: 1 }, { since, type: 7 }, { since, every: true }])
      expect((await many(wrong)).status).toBe(400);
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
