// Receiving, as senders and handlers meet it: what is accepted, and what is not.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startTestServer } from '../setup/server.js';
import { DatabaseProxy } from './database-proxy.harness.js';
import { eventually } from '../setup/eventually.js';
import { api, openScene, sendStripe, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, githubHeaders, post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

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

describe('a signed event', () => {
  it('of Stripe runs its handlers in turn, once, and is known from then on', async () => {
    const { id, body } = stripeEvent('payment.made');
    const first = await sendStripe(shop, body);
    expect(answerOf(first)).toEqual(EXACT.processed);
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    expect(await rows.event(id)).toMatchObject({ status: 'processed', conflict: false });
  });

  it('of GitHub runs the handler of its type and action', async () => {
    const body = JSON.stringify({ action: 'opened', id: `pr-${randomUUID()}` });
    const headers = await githubHeaders(body, 'pull_request');
    expect(answerOf(await post(`${shop.url}/webhooks/github`, body, headers))).toEqual(EXACT.processed);
    const [seen] = shop.behaviour.seen.slice(-1);
    expect(seen).toMatchObject({
      handler: 'github',
      event: { type: 'pull_request.opened', data: { action: 'opened' } },
    });
    expect(answerOf(await post(`${shop.url}/webhooks/github`, body, headers))).toEqual(EXACT.already);
  });

  it('of GitHub may come as a form, and a ping is answered like any event', async () => {
    const form = `payload=${encodeURIComponent(JSON.stringify({ ref: 'main', text: 'ü & ö' }))}`;
    const headers = { ...(await githubHeaders(form, 'push')), 'content-type': 'application/x-www-form-urlencoded' };
    expect(answerOf(await post(`${shop.url}/webhooks/github`, form, headers))).toEqual(EXACT.processed);
    expect(shop.behaviour.seen.at(-1)?.event).toMatchObject({ type: 'push', data: { ref: 'main', text: 'ü & ö' } });
    const ping = '{"zen":"Keep it logically awesome."}';
    expect(answerOf(await post(`${shop.url}/webhooks/github`, ping, await githubHeaders(ping, 'ping')))).toEqual(
      EXACT.processed,
    );
  });

  it('is handed to handlers with its names, times, tenant and masked headers', async () => {
    const { id, body } = stripeEvent('payment.made', { created: 1_767_225_600 });
    await post(`${shop.url}/webhooks/acme/stripe`, body, {
      ...stripeHeaders(body),
      authorization: 'Bearer x',
      cookie: 'a=b',
    });
    const event = shop.behaviour.seen.find(({ event }) => (event.data as { id: string }).id === id)?.event;
    expect(event).toMatchObject({
      source: 'stripe',
      type: 'payment.made',
      tenant: 'acme',
      attempt: 1,
      occurredAt: new Date(1_767_225_600_000),
      receivedAt: expect.any(Date),
      headers: {
        'stripe-signature': '[secret]',
        authorization: '[secret]',
        cookie: '[secret]',
        'content-type': 'application/json',
      },
    });
    const stored = await rows.event(id);
    expect(stored?.headers).not.toMatch(/v1=|Bearer|a=b/);
    expect(stored?.body.toString()).toBe(body);
  });

  it('without a handler is stored as unhandled', async () => {
    const { id, body } = stripeEvent('customer.renamed');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(await rows.event(id)).toMatchObject({ status: 'unhandled' });
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
  });

  it('signed with the older of two live secrets is accepted', async () => {
    const { body } = stripeEvent('payment.made');
    const answer = await post(`${shop.url}/webhooks/stripe`, body, stripeHeaders(body, 'whsec_b2xkZXI='));
    expect(answerOf(answer)).toEqual(EXACT.processed);
  });

  it.each([
    ['an id with NUL', { id: 'evt_\u0000' }],
    ['a type with NUL', { type: 'payment.\u0000' }],
    ['an id of 5,000 characters', { id: 'x'.repeat(5_000) }],
    ['a type of 5,000 characters', { type: 'y'.repeat(5_000) }],
    ['an id with half a character', { id: '\ud800' }],
    ['members that shadow the prototype', { ['__proto__']: { id: 1 }, constructor: {} }],
    ['a date of the year 100000', { created: 3_093_527_980_800 }],
    ['a number of 400 digits', { text: `${'9'.repeat(400)}` }],
  ])('with %s is stored', async (_, members) => {
    const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'odd.thing', ...members, nonce: randomUUID() });
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.already);
  });

  it('nested 5,000 deep is handled', async () => {
    const id = `evt_${randomUUID()}`;
    const body = `{"id":"${id}","type":"payment.made","deep":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
  });
});

describe('a request that cannot be believed', () => {
  it('is refused when any part of its signature or one byte of its body differs', async () => {
    const { id, body } = stripeEvent('payment.made');
    const headers = stripeHeaders(body);
    const signature = headers['stripe-signature'] as string;
    const swapped = (text: string, at: number): string =>
      `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
    const tries = [
      post(`${shop.url}/webhooks/stripe`, body.replace('payment', 'Payment'), headers),
      post(`${shop.url}/webhooks/stripe`, `${body}\n`, headers),
      post(`${shop.url}/webhooks/stripe`, body, {
        ...headers,
        'stripe-signature': swapped(signature, signature.length - 1),
      }),
      post(`${shop.url}/webhooks/stripe`, body, { ...headers, 'stripe-signature': swapped(signature, 5) }),
      post(`${shop.url}/webhooks/stripe`, body, { ...headers, 'stripe-signature': undefined }),
      post(`${shop.url}/webhooks/stripe`, body, { ...headers, 'stripe-signature': '\u00e9=,,,' }),
      post(`${shop.url}/webhooks/stripe`, body, stripeHeaders(body, 'whsec_another')),
      post(`${shop.url}/webhooks/stripe`, body, stripeHeaders(body, undefined, 1)),
      post(`${shop.url}/webhooks/stripe`, '{"malformed', { 'content-type': 'application/json' }),
      post(`${shop.url}/webhooks/stripe`, '', {}),
    ];
    for (const answer of await Promise.all(tries)) {
      expect(answerOf(answer)).toEqual(EXACT.invalid);
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const github = await githubHeaders(body, 'push');
    const other = body.replace('payment', 'Payment');
    expect(answerOf(await post(`${shop.url}/webhooks/github`, other, github))).toEqual(EXACT.invalid);
    expect(shop.behaviour.runsOf(id)).toEqual([]);
    expect(await rows.event(id)).toBeUndefined();
  });

  it('cannot take the id of an event that comes later', async () => {
    const { id, body } = stripeEvent('payment.made');
    const forged = await post(`${shop.url}/webhooks/stripe`, body, stripeHeaders(body, 'whsec_forged'));
    expect(answerOf(forged)).toEqual(EXACT.invalid);
    expect(await rows.query('SELECT FROM posthorn.received_key WHERE external_id = $1', [id])).toEqual([]);
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.processed);
    expect(shop.behaviour.runsOf(id)).toEqual(['book', 'thank']);
  });

  it('verified but not JSON, or empty, is stored and refused', async () => {
    for (const body of ['', 'no json', '{"id":']) {
      expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.notJson);
      expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.notJson);
    }
    const { body: list } = await api(shop, 'received-events?source=stripe&status=rejected');
    expect((list as { data: unknown[] }).data).toHaveLength(3);
  });

  it('has no source: 404, whatever it is called', async () => {
    for (const path of ['unknown', 'acme/unknown', 'nobody/stripe', '%00', '%E0%A4%A', 'a'.repeat(500)]) {
      const answer = await post(`${shop.url}/webhooks/${path}`, '{}');
      expect(answerOf(answer)).toEqual({ status: 404, body: { error: expect.any(String) } });
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    }
  });
});

describe('a database that is away', () => {
  it('is a 503 that asks to come again, and nothing is lost when it is back', async () => {
    const proxy = await DatabaseProxy.start(databaseUrl);
    const behind = await startShop(proxy.url);
    try {
      const { id, body } = stripeEvent('payment.made');
      expect(answerOf(await sendStripe(behind, stripeEvent('payment.made').body))).toEqual(EXACT.processed);
      await proxy.cut();
      const knownUntil = performance.now() + 1_100;
      // The source is known for a moment longer: first the store fails, then the look-up of the source.
      for (let round = 0; round < 2; round++) {
        const answer = await sendStripe(behind, body);
        expect(answerOf(answer)).toEqual({ status: 503, body: { error: expect.any(String) } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        if (round === 0) await eventually(() => performance.now() > knownUntil, 'the source is looked up anew');
      }
      await proxy.restore();
      const back = async () => (await sendStripe(behind, body)).status === 200;
      await eventually(back, 'the database is back');
      expect(behind.behaviour.runsOf(id)).toEqual(['book', 'thank']);
    } finally {
      await proxy.restore();
      await behind.app.close();
      await proxy.cut();
    }
  });
});

it('the server itself receives, with nothing but a secret in its settings', async () => {
  const server = await startTestServer({ stripeWebhookSecret: STRIPE_SECRET });
  try {
    const { body } = stripeEvent('payment.made');
    const url = `${server.url}/webhooks/stripe`;
    const answer = await post(url, body, { ...stripeHeaders(body), 'x-request-id': 'mine' });
    expect(answerOf(answer)).toEqual(EXACT.processed);
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(answerOf(await post(url, body))).toEqual(EXACT.invalid);
    expect(answerOf(await post(`${server.url}/webhooks/github`, body))).toMatchObject({ status: 404 });
    const { body: list } = await server.api<{ data: object[] }>('GET', '/api/received-events');
    expect(list.data).toMatchObject([{ source: 'stripe', status: 'unhandled', type: 'payment.made' }]);
  } finally {
    await server.close();
  }
});
