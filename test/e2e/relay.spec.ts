// A source with relay: what comes in goes out again, stored and dispatched together, once.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { relayedType } from '../../src/inbound/relay.js';
import { api, openScene, sendStripe } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, GITHUB_SECRET, githubHeaders, post, stripeEvent, stripeHeaders } from './sender.harness.js';

const TOKEN = 'a-token-of-this-test';

let scene: Scene;
let shop: Shop;
let rows: Rows;

beforeAll(async () => {
  scene = await openScene([
    { name: 'orders' },
    { name: 'orders', tenant: 'acme' },
    { name: 'posthorn' },
    { name: 'anything', provider: 'bearer', secrets: [TOKEN] },
    { name: 'git', provider: 'github', secrets: [GITHUB_SECRET] },
  ]);
  ({ shop, rows } = scene);
  await rows.query(`UPDATE posthorn.source SET relay = true WHERE name <> 'stripe'`);
  const webhook = { url: 'https://nowhere.example.com/', events: ['orders.*', 'posthorn.*'] };
  expect((await api(shop, 'webhooks', { method: 'POST', body: webhook })).status).toBe(201);
});
afterAll(() => scene?.close());

const relayed = (externalId: string) =>
  rows.query<{ tenant_id: string; type: string; data: Buffer; deliveries: number }>(
    `SELECT e.tenant_id, e.type, e.data,
       (SELECT count(*)::int FROM posthorn.delivery d WHERE d.event_id = e.id) AS deliveries
     FROM posthorn.event e WHERE convert_from(e.data, 'UTF8')::json ->> 'externalId' = $1`,
    [externalId],
  );

describe('what a relaying source receives', () => {
  it('is dispatched once as <source>.<type>, with its headers and every digit of its body', async () => {
    const { id, body } = stripeEvent('payment.made');
    const exact = body.replace('{', '{"big":12345678901234567890, ');
    const headers = { ...stripeHeaders(exact), 'x-shop': 'north' };
    await post(`${shop.url}/webhooks/orders`, exact, headers);
    expect(answerOf(await sendStripe(shop, exact, '/webhooks/orders'))).toEqual(EXACT.already);
    const [event, ...more] = await relayed(id);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ tenant_id: 'default', type: 'orders.payment.made', deliveries: 1 });
    expect(event?.data.toString()).toContain(`"body":${exact}}`);
    expect(JSON.parse(event?.data.toString() ?? '')).toMatchObject({
      receivedEventId: (await rows.event(id))?.id,
      source: 'orders',
      type: 'payment.made',
      externalId: id,
      headers: { 'x-shop': 'north', 'stripe-signature': '[secret]' },
    });
  });

  it('stays in its tenant', async () => {
    const { id, body } = stripeEvent('payment.made');
    await sendStripe(shop, body, '/webhooks/acme/orders');
    expect(await relayed(id)).toEqual([expect.objectContaining({ tenant_id: 'acme', deliveries: 0 })]);
  });

  it('is neither stored nor dispatched when one of the two cannot be', async () => {
    const { id, body } = stripeEvent('payment.made');
    await rows.query(`ALTER TABLE posthorn.event ADD CONSTRAINT closed CHECK (false) NOT VALID`);
    try {
      expect(answerOf(await sendStripe(shop, body, '/webhooks/orders'))).toEqual(EXACT.failed);
    } finally {
      await rows.query('ALTER TABLE posthorn.event DROP CONSTRAINT closed');
    }
    expect(await rows.event(id)).toBeUndefined();
    expect(answerOf(await sendStripe(shop, body, '/webhooks/orders'))).toEqual(EXACT.processed);
    expect(await relayed(id)).toHaveLength(1);
  });

  it('is received though it cannot be passed on: too large, or in the name of Posthorn itself', async () => {
    const large = stripeEvent('payment.made', { text: 'x'.repeat(300_000) });
    const forged = stripeEvent('webhook.disabled');
    expect(answerOf(await sendStripe(shop, large.body, '/webhooks/orders'))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, forged.body, '/webhooks/posthorn'))).toEqual(EXACT.processed);
    for (const { id } of [large, forged]) {
      expect(await rows.event(id)).toBeDefined();
      expect(await relayed(id)).toEqual([]);
    }
  });
});

describe('a body that cannot stand in an event', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const received = async (source: string): Promise<number> =>
    (await rows.query(`SELECT FROM posthorn.received_event WHERE source = $1`, [source])).length;
  const passedOn = async (source: string): Promise<number> =>
    (await rows.query(`SELECT FROM posthorn.event WHERE type LIKE $1`, [`${source}.%`])).length;

  it.each<[string, string | Buffer]>([
    ['text', 'hello'],
    ['what is not even text', Buffer.from([0xff, 0xfe, 0x00])],
    ['JSON that is nested too deep to be written again', deep],
  ])('is received and not passed on: %s', async (_what, body) => {
    const before = await received('anything');
    const answer = await post(`${shop.url}/webhooks/anything`, body, { authorization: `Bearer ${TOKEN}` });
    expect(answerOf(answer)).toEqual(EXACT.processed);
    expect(await received('anything')).toBe(before + 1);
    expect(await passedOn('anything')).toBe(0);
    // One such event would have hidden all others.
    expect((await api(shop, 'events')).status).toBe(200);
  });

  it('is received and not passed on: a form whose JSON is nested too deep', async () => {
    const form = `payload=${encodeURIComponent(deep)}`;
    const headers = { ...(await githubHeaders(form, 'push')), 'content-type': 'application/x-www-form-urlencoded' };
    expect(answerOf(await post(`${shop.url}/webhooks/git`, form, headers))).toEqual(EXACT.processed);
    expect(await passedOn('git')).toBe(0);
  });
});

describe('the type under which it is passed on', () => {
  it.each([
    ['orders/create', 'shop.orders.create'],
    ['a b:c', 'shop.a_b_c'],
    ['.a..b.', 'shop._.a._.b._'],
    ['zażółć', 'shop.za____'],
    ['x'.repeat(300), `shop.${'x'.repeat(123)}`],
    [`${'x'.repeat(122)}.y`, `shop.${'x'.repeat(122)}`],
  ])('of %s is %s', (type, relayedAs) => {
    expect(relayedType('shop', type)).toBe(relayedAs);
  });
});
