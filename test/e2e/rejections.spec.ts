// Why a source refused something: answered to whom it belongs, and at no cost that a flood could drive up.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { eventually } from '../setup/eventually.js';
import { api, openScene, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import type { Rows } from './received-rows.harness.js';
import { post, stripeEvent, stripeHeaders } from './sender.harness.js';

interface Rejection {
  reason: string;
  hour: string;
  count: number;
  lastAt: string;
  samples: { at: string; address: string; requestId: string; userAgent: string | null }[];
}

const SECRET = 'whsec_of-this-source';

let scene: Scene;
let databaseUrl: string;
let rows: Rows;
let shop: Shop;
let replica: Shop;

beforeAll(async () => {
  scene = await openScene();
  ({ databaseUrl, rows, shop } = scene);
  replica = await startShop(databaseUrl);
});

afterAll(async () => {
  await replica?.app.close();
  await scene?.close();
});

async function create(fields: object = {}): Promise<string> {
  const name = `s-${randomUUID()}`;
  const body = { name, provider: 'stripe', secrets: [SECRET], ...fields };
  expect(await api(shop, 'sources', { method: 'POST', body })).toMatchObject({ status: 201 });
  return name;
}

const page = async (name: string, query = '') =>
  (await api(shop, `sources/${name}/rejections?${query}`)).body as { data: Rejection[]; nextCursor: string | null };

/** What was turned away in all, by reason: a test may run over the end of an hour. */
async function counted(name: string): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { reason, count } of (await page(name)).data) sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}

/** Sums that have come to so many; what is gathered is written within a second or two. */
async function countedTo(name: string, total: number): Promise<Record<string, number>> {
  let sums: Record<string, number> = {};
  await eventually(async () => {
    sums = await counted(name);
    return Object.values(sums).reduce((sum, count) => sum + count, 0) >= total;
  }, `${total} rejections of ${name}`);
  return sums;
}

const forge = (at: Shop, name: string, headers: Record<string, string> = {}) => {
  const { body } = stripeEvent('never.seen');
  return post(`${at.url}/webhooks/${name}`, body, { ...stripeHeaders(body, 'whsec_another'), ...headers });
};

describe('rejections', () => {
  it('are counted by reason, whichever it was, while the sender hears the same', async () => {
    const name = await create({ maxBodyBytes: 1_000 });
    const url = `${shop.url}/webhooks/${name}`;
    const { body } = stripeEvent('never.seen');
    const answers = [
      await post(url, body),
      await post(url, body, { 'stripe-signature': 'what' }),
      await post(url, body, stripeHeaders(body, SECRET, 1_000_000_000)),
      await post(url, body, stripeHeaders(body, 'whsec_another')),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, body: { error: 'Invalid signature' } });
    expect((await post(url, 'x'.repeat(1_001))).status).toBe(413);
    await api(shop, `sources/${name}`, { method: 'PATCH', body: { allowedIps: ['10.0.0.0/8'] } });
    expect(await forge(shop, name)).toMatchObject({ status: 401, body: { error: 'Invalid signature' } });
    const limits = { allowedIps: null, rateLimit: { max: 1, perSeconds: 3_600 } };
    await api(shop, `sources/${name}`, { method: 'PATCH', body: limits });
    for (const status of [401, 429]) expect((await forge(shop, name)).status).toBe(status);
    expect(await countedTo(name, 8)).toEqual({
      no_signature: 1,
      malformed: 1,
      stale: 1,
      no_secret_matched: 2,
      too_large: 1,
      ip_not_allowed: 1,
      rate_limited: 1,
    });
  });

  it('count handshakes that were refused', async () => {
    const name = await create({ provider: 'meta', config: { verifyToken: 'mine' } });
    await fetch(`${shop.url}/webhooks/${name}?hub.mode=subscribe&hub.challenge=42&hub.verify_token=theirs`);
    expect(await countedTo(name, 1)).toEqual({ challenge_refused: 1 });
  });

  it('of all replicas add up, in one row an hour, with the latest few and nothing that could be used', async () => {
    const name = await create();
    const total = 120;
    const senders = Array.from({ length: total }, (_, at) =>
      forge(at % 2 ? shop : replica, name, { 'x-request-id': `flood-${at}`, 'user-agent': 'x'.repeat(5_000) }),
    );
    await Promise.all(senders);
    expect(await countedTo(name, total)).toEqual({ no_secret_matched: total });
    const { data } = await page(name);
    expect(data.length).toBeLessThanOrEqual(2);
    for (const { samples } of data) {
      expect(samples.length).toBeLessThanOrEqual(5);
      for (const sample of samples)
        expect(sample).toEqual({
          at: expect.any(String),
          address: expect.stringContaining('127.0.0.1'),
          requestId: expect.stringMatching(/^flood-/),
          userAgent: 'x'.repeat(200),
        });
    }
    expect(JSON.stringify(data)).not.toMatch(/never\.seen|whsec|v1=/);
  });

  it('cost one statement a second, however many there are', async () => {
    const name = await create();
    await rows.query(`
      CREATE TABLE public.written (at timestamptz DEFAULT clock_timestamp());
      CREATE TABLE public.begun AS SELECT clock_timestamp() AS at;
      CREATE FUNCTION public.note_written() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.written DEFAULT VALUES; RETURN NULL; END';
      CREATE TRIGGER note_written AFTER INSERT ON posthorn.source_rejection FOR EACH STATEMENT
        EXECUTE FUNCTION public.note_written()`);
    for (let at = 0; at < 40; at += 1) await forge(shop, name);
    expect(await countedTo(name, 40)).toEqual({ no_secret_matched: 40 });
    const [row] = await rows.query<{ statements: number; seconds: number }>(
      `SELECT count(*)::int AS statements, extract(epoch FROM max(written.at) - max(begun.at))::float8 AS seconds
       FROM public.written, public.begun`,
    );
    expect(row?.statements).toBeLessThanOrEqual((row?.seconds ?? 0) + 1);
  });

  it('are listed by reason and time, page by page', async () => {
    const name = await create();
    await post(`${shop.url}/webhooks/${name}`, '{}');
    await forge(shop, name);
    await countedTo(name, 2);
    const first = await page(name, 'limit=1');
    const second = await page(name, `limit=1&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ reason }) => reason).sort()).toEqual([
      'no_secret_matched',
      'no_signature',
    ]);
    expect((await page(name, 'reason=no_signature')).data).toHaveLength(1);
    expect((await page(name, 'since=2026-01-01')).data).toHaveLength(2);
    expect((await page(name, 'until=2026-01-01')).data).toEqual([]);
    for (const query of ['reason=because', 'since=now', 'limit=0', 'cursor=x', 'x=1'])
      expect(await api(shop, `sources/${name}/rejections?${query}`)).toMatchObject({ status: 400 });
    expect(await api(shop, 'sources/nobody/rejections')).toMatchObject({ status: 404 });
  });

  it('have one line of the log for each source and reason, however many come', async () => {
    const lines: string[] = [];
    const nothing = (): void => undefined;
    const warn = (line: unknown): void => void lines.push(String(line));
    const logged = await startShop(databaseUrl, { options: { logger: { log: nothing, error: nothing, warn } } });
    const [one, two] = [await create(), await create()];
    for (const name of [one, one, two, one, two]) await forge(logged, name);
    await post(`${logged.url}/webhooks/${one}`, '{}');
    await logged.app.close();
    const refused = lines.filter((line) => line.startsWith('Refused'));
    expect(refused.map((line) => /(?<=default\/)\S+ \w+/.exec(line)?.[0])).toEqual([
      `${one}: no_secret_matched`,
      `${two}: no_secret_matched`,
      `${one}: no_signature`,
    ]);
  });

  it('of more than a week ago are deleted, though nothing is turned away any more', async () => {
    const name = await create();
    const { id: sourceId } = (await api(shop, `sources/${name}`)).body as { id: string };
    const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);
    for (const days of [1, 8, 9])
      await rows.query(
        `INSERT INTO posthorn.source_rejection (id, tenant_id, source_id, reason, hour, count, last_at, samples)
         VALUES ($1, 'default', $2, 'stale', $3, 1, $3, '[]')`,
        [lowestIdAt(daysAgo(days).getTime()), sourceId, daysAgo(days)],
      );
    // A process looks soon after its start, and once a minute from then on.
    const started = await startShop(databaseUrl);
    await eventually(async () => (await page(name)).data.length === 1, 'the old ones are deleted');
    await started.app.close();
  });

  it('are written before a process stops', async () => {
    const name = await create();
    const third = await startShop(databaseUrl);
    await forge(third, name);
    await third.app.close();
    expect(await counted(name)).toEqual({ no_secret_matched: 1 });
  });
});
