// What Prometheus reads: real requests, then a scrape.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/platform/observability/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY, startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { api, gate, sendStripe, startShop } from './receive.harness.js';
import type { Shop } from './receive.harness.js';
import { Rows } from './received-rows.harness.js';
import { answerOf, EXACT, post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

let databaseUrl: string;
let server: TestServer;
let shop: Shop;

beforeAll(async () => {
  databaseUrl = (await cloneDatabase()).url;
  server = await startTestServer({ databaseUrl, stripeWebhookSecret: [STRIPE_SECRET] });
  shop = await startShop((await cloneDatabase()).url);
});
afterAll(async () => {
  await Promise.all([server?.close(), shop?.app.close()]);
});

const scrape = (url: string, key?: string): Promise<Response> =>
  fetch(`${url}/metrics`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });

describe('the metrics', () => {
  it('count what was received by its answer, and what was turned away by its reason', async () => {
    const { body } = stripeEvent('thing.happened');
    const hook = `${server.url}/webhooks/stripe`;
    for (const expected of [EXACT.processed, EXACT.already, EXACT.already])
      expect(answerOf(await post(hook, body, stripeHeaders(body)))).toEqual(expected);
    expect(answerOf(await post(hook, body, stripeHeaders(body, 'whsec_of-a-stranger')))).toEqual(EXACT.invalid);
    expect(answerOf(await post(hook, body))).toEqual(EXACT.invalid);

    const answer = await scrape(server.url, ADMIN_KEY);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; version=0\.0\.4/),
    ]);
    const text = await answer.text();
    expect(
      text
        .split('\n')
        .filter((line) => line.includes('stripe'))
        .sort(),
    ).toEqual([
      'posthorn_received_webhooks_total{source="stripe",outcome="already_processed"} 2',
      'posthorn_received_webhooks_total{source="stripe",outcome="unhandled"} 1',
      'posthorn_rejected_requests_total{source="stripe",reason="no_secret_matched"} 1',
      'posthorn_rejected_requests_total{source="stripe",reason="no_signature"} 1',
    ]);
    expect(text).toContain('# TYPE posthorn_received_webhooks_total counter');
  });

  it('count how handlers ended, also in an application of one’s own', async () => {
    shop.behaviour.plan('thank', () => {
      throw new Error('Not today.');
    });
    expect(answerOf(await sendStripe(shop, stripeEvent('payment.made').body))).toEqual(EXACT.failed);
    const text = await shop.app.get(Metrics, { strict: false }).text();
    expect(text).toContain('posthorn_handler_runs_total{handler="Payments.bookPayment",outcome="succeeded"} 1\n');
    expect(text).toContain('posthorn_handler_runs_total{handler="thank-customer",outcome="failed"} 1\n');
    expect(text).toContain('posthorn_received_webhooks_total{source="stripe",outcome="failed"} 1\n');
    // The route is the server's own.
    expect((await scrape(shop.url, ADMIN_KEY)).status).toBe(404);
  });

  it('count what was put off, what is still under way, and what could not be read', async () => {
    shop.behaviour.plan('thank', () => undefined);
    const queued = { name: 'queued', provider: 'stripe', secrets: [STRIPE_SECRET], processing: 'queued' };
    expect(await api(shop, 'sources', { method: 'POST', body: queued })).toMatchObject({ status: 201 });
    expect(answerOf(await sendStripe(shop, stripeEvent('payment.made').body, '/webhooks/queued'))).toEqual(
      EXACT.accepted,
    );
    expect(answerOf(await sendStripe(shop, 'no JSON'))).toEqual(EXACT.notJson);

    const { opened, open } = gate();
    const { id, body } = stripeEvent('payment.made');
    shop.behaviour.plan('book', ({ data }) => ((data as { id: string }).id === id ? opened : undefined));
    const first = sendStripe(shop, body);
    await eventually(() => shop.behaviour.runsOf(id).length === 1, 'the handler runs');
    expect(answerOf(await sendStripe(shop, body))).toEqual(EXACT.inProgress);
    open();
    expect(answerOf(await first)).toEqual(EXACT.processed);

    const text = await shop.app.get(Metrics, { strict: false }).text();
    for (const series of [
      'source="queued",outcome="accepted"',
      'source="stripe",outcome="not_json"',
      'source="stripe",outcome="in_progress"',
      'source="stripe",outcome="processed"',
    ])
      expect(text).toContain(`posthorn_received_webhooks_total{${series}} 1\n`);
  });

  it('tell how many runs of handlers are due, wait and are at work, and for how long the oldest has been due', async () => {
    const { url } = await cloneDatabase();
    const rows = new Rows(url);
    // It takes nothing from the queue: what is due stays due.
    const replica = await startShop(url, { role: 'api' });
    const { opened, open } = gate();
    const tells = (series: Record<string, number>): Promise<true> =>
      eventually(
        async () => {
          const text = await replica.app.get(Metrics, { strict: false }).text();
          for (const [name, value] of Object.entries(series)) {
            if (!text.includes(`\n${name} ${value}\n`)) throw new Error(text);
          }
          return true as const;
        },
        `the metrics tell ${JSON.stringify(series)}`,
      );
    try {
      const runs = 'posthorn_queued_handler_runs';
      const state = (name: string): string => `${runs}{state="${name}"}`;
      await tells({
        [state('due')]: 0,
        [state('waiting')]: 0,
        [state('running')]: 0,
        posthorn_oldest_due_run_seconds: 0,
      });

      const queued = { name: 'queued', provider: 'stripe', secrets: [STRIPE_SECRET], processing: 'queued' };
      expect(await api(replica, 'sources', { method: 'POST', body: queued })).toMatchObject({ status: 201 });
      expect(answerOf(await sendStripe(replica, stripeEvent('payment.made').body, '/webhooks/queued'))).toEqual(
        EXACT.accepted,
      );
      await tells({ [state('due')]: 1, 'posthorn_run_jobs{state="waiting"}': 1 });
      await rows.query(`UPDATE posthorn.handler_run SET due_at = now() - interval '1 hour'`);
      await eventually(
        async () =>
          Number(
            /^posthorn_oldest_due_run_seconds (.*)$/m.exec(
              await replica.app.get(Metrics, { strict: false }).text(),
            )?.[1],
          ) >= 3_600,
        'the oldest has been due for an hour',
      );

      replica.behaviour.plan('book', () => opened);
      const { id, body } = stripeEvent('payment.made');
      const first = sendStripe(replica, body);
      await eventually(() => replica.behaviour.runsOf(id).length === 1, 'a handler is at work');
      // Both of its runs are held by whoever does the first.
      await tells({ [state('due')]: 1, [state('waiting')]: 0, [state('running')]: 2 });
      replica.behaviour.plan('thank', () => {
        throw new Error('Not today.');
      });
      open();
      expect(answerOf(await first)).toEqual(EXACT.failed);
      await rows.query(
        `UPDATE posthorn.handler_run SET due_at = now() + interval '1 hour' WHERE status = 'failed' AND due_at IS NOT NULL`,
      );
      await tells({ [state('due')]: 1, [state('waiting')]: 1, [state('running')]: 0 });
    } finally {
      open();
      await Promise.all([replica.app.close(), rows.end()]);
    }
  });

  it('count what came to no outcome at all, apart from handlers that threw', async () => {
    const { url } = await cloneDatabase();
    const rows = new Rows(url);
    const other = await startShop(url);
    try {
      const { body } = stripeEvent('payment.made');
      await rows.query('ALTER TABLE posthorn.received_key RENAME TO not_there');
      expect((await sendStripe(other, body)).status).toBeGreaterThanOrEqual(500);
      await rows.query('ALTER TABLE posthorn.not_there RENAME TO received_key');
      expect(answerOf(await sendStripe(other, body))).toEqual(EXACT.processed);
      const text = await other.app.get(Metrics, { strict: false }).text();
      expect(text.split('\n').filter((line) => line.startsWith('posthorn_received_webhooks_total{'))).toEqual([
        'posthorn_received_webhooks_total{source="stripe",outcome="error"} 1',
        'posthorn_received_webhooks_total{source="stripe",outcome="processed"} 1',
      ]);
    } finally {
      await Promise.all([other.app.close(), rows.end()]);
    }
  });

  it('are for the administrator, unless they are public, and not there where they are off', async () => {
    expect((await scrape(server.url)).status).toBe(401);
    expect((await scrape(server.url, `${ADMIN_KEY}x`)).status).toBe(401);
    const { body: key } = await server.api<{ key: string }>('POST', '/api/api-keys', {
      name: 'all',
      scopes: ['admin'],
    });
    expect(key.key).toEqual(expect.any(String));
    expect((await scrape(server.url, key.key)).status).toBe(404);

    const open = await startTestServer({ databaseUrl, metricsPublic: true, role: 'worker' });
    const off = await startTestServer({ databaseUrl, metricsPublic: true, metrics: false });
    try {
      expect((await scrape(open.url)).status).toBe(200);
      expect((await scrape(off.url, ADMIN_KEY)).status).toBe(404);
    } finally {
      await Promise.all([open.close(), off.close()]);
    }
  });
});
