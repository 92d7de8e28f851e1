// Statistics of attempts: exact whoever delivers and whatever crashes, and of nobody else's.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';
import type { Bucket, List, Stats } from './stats.harness.js';

const NOTHING = {
  attempts: 0,
  successes: 0,
  failures: 0,
  outcomes: {},
  successRate: null,
  latencyMs: { p50: null, p95: null, p99: null },
};

const encryptionKey = randomBytes(32).toString('base64');
let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ encryptionKey });
  await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterAll(() => scene?.close());

const stats = async (query: string, { at = scene, tenant = 'default' } = {}): Promise<Stats> =>
  (await at.server.api<Stats>('GET', query, undefined, { tenant })).body;

/** The statistics, once so many attempts are in them. */
const counting = (attempts: number, query: string, at = scene): Promise<Stats> =>
  eventually(async () => {
    const answer = await stats(query, { at });
    if (answer.totals?.attempts !== attempts) throw new Error(`It is ${JSON.stringify(answer.totals ?? answer)}`);
    return answer;
  }, `${query} counts ${attempts} attempts`);

const sum = (buckets: readonly Bucket[], name: 'attempts' | 'successes' | 'failures'): number =>
  buckets.reduce((total, bucket) => total + bucket[name], 0);

describe('the statistics', () => {
  it('count what every attempt came to, by webhook, by event type and together, in buckets without gaps', async () => {
    const [well, ill] = [await scene.receiver(200), await scene.receiver(500)];
    const [good, bad] = [await scene.target(well.url), await scene.target(ill.url)];
    for (let n = 0; n < 3; n += 1) await scene.settled(await good.send());
    well.answers(404);
    await scene.settled(await good.send());
    await scene.settled(await bad.send());

    const ofGood = await counting(4, `/api/stats?event=${good.type}`);
    const ofBad = await counting(3, `/api/stats?event=${bad.type}`);
    expect(ofGood.totals).toEqual({
      attempts: 4,
      successes: 3,
      failures: 1,
      outcomes: { success: 3, client_error: 1 },
      successRate: 0.75,
      latencyMs: { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) },
    });
    expect(ofBad.totals).toMatchObject({ successes: 0, failures: 3, outcomes: { server_error: 3 }, successRate: 0 });
    const { p50, p95, p99 } = ofGood.totals.latencyMs;
    expect([p50, p95, p99]).toEqual([p50, p95, p99].sort((a, b) => Number(a) - Number(b)));

    for (const { since, until, bucketSeconds, buckets } of [ofGood, ofBad]) {
      const begins = buckets.map(({ at }) => Date.parse(at));
      expect(bucketSeconds).toBe(900);
      expect(buckets.length).toBe((Date.parse(until) - Date.parse(since)) / 900_000);
      expect(begins).toEqual(begins.map((_, n) => Date.parse(since) + n * 900_000));
    }
    expect(['attempts', 'successes', 'failures'].map((name) => sum(ofGood.buckets, name as 'attempts'))).toEqual([
      4, 3, 1,
    ]);
    for (const { attempts, p50Ms, p95Ms } of ofGood.buckets)
      expect([p50Ms, p95Ms]).toEqual(attempts === 0 ? [null, null] : [expect.any(Number), expect.any(Number)]);

    // What is asked by the hour, of the webhook, of both, of all, is the same.
    const { failing, backlog, ...shared } = ofGood;
    expect(failing).toEqual(expect.any(Array));
    const ofWebhook = { ...shared, backlog };
    const window = `since=${ofGood.since}&until=${ofGood.until}`;
    const path = `/api/webhooks/${good.webhookId}/stats`;
    expect(await stats(`${path}?${window}`)).toEqual(ofWebhook);
    expect(await stats(`${path}?${window}&event=${good.type}`)).toEqual(ofWebhook);
    expect(await stats(`/api/stats?webhookId=${good.webhookId}&${window}`)).toMatchObject(shared);
    expect((await stats(`${path}?bucket=hour`)).totals).toEqual(shared.totals);
    expect((await stats(`${path}?bucket=hour`)).bucketSeconds).toBe(3_600);
    expect((await stats(`${path}?event=other.type`)).totals).toEqual(NOTHING);
    const all = await stats('/api/stats');
    expect(all.totals).toMatchObject({
      attempts: 7,
      successes: 3,
      outcomes: { success: 3, client_error: 1, server_error: 3 },
    });

    expect(all.failing).toEqual([
      { webhookId: bad.webhookId, url: ill.url, attempts: 3, failures: 3, successRate: 0 },
      { webhookId: good.webhookId, url: well.url, attempts: 4, failures: 1, successRate: 0.75 },
    ]);
    expect(all.backlog).toEqual({
      pending: 0,
      scheduled: 0,
      retrying: 0,
      sending: 0,
      oldestDueSeconds: null,
      countedUpTo: 10_000,
    });
  });

  it('draw several webhooks at once, in the order asked for, without those of others', async () => {
    const receiver = await scene.receiver(200);
    const [one, other] = [await scene.target(receiver.url), await scene.target(receiver.url)];
    await scene.settled(await one.send());
    await counting(1, `/api/webhooks/${one.webhookId}/stats`);
    const { body: theirs } = await scene.server.api<{ id: string }>(
      'POST',
      '/api/webhooks',
      { url: receiver.url, events: ['*'] },
      { tenant: 'acme' },
    );
    const ids = [other.webhookId, theirs.id, one.webhookId.toUpperCase(), one.webhookId, randomUUID()].join();
    const { body } = await scene.server.api<List>('GET', `/api/stats/webhooks?webhookIds=${ids}&bucket=hour`);
    expect(body.bucketSeconds).toBe(3_600);
    const totals = body.data.map(({ buckets, ...total }) => {
      expect([24, 25]).toContain(buckets.length);
      expect(buckets.reduce((all, { attempts }) => all + attempts, 0)).toBe(total.attempts);
      return total;
    });
    expect(totals).toEqual([
      { webhookId: other.webhookId, attempts: 0, failures: 0, successRate: null },
      { webhookId: one.webhookId, attempts: 1, failures: 0, successRate: 1 },
    ]);
    const auto = await scene.server.api<List>('GET', `/api/stats/webhooks?webhookIds=${one.webhookId}`);
    expect(auto.body.data[0]?.buckets.length).toBeLessThanOrEqual(30);
  });

  it('are the tenant’s own, and count what a deleted webhook was sent', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    await scene.settled(await target.send());
    await counting(1, `/api/stats?webhookId=${target.webhookId}`);
    const path = `/api/webhooks/${target.webhookId}/stats`;
    expect((await scene.server.api('GET', path, undefined, { tenant: 'acme' })).status).toBe(404);
    for (const query of ['/api/stats', `/api/stats?webhookId=${target.webhookId}`, `/api/stats?event=${target.type}`]) {
      const foreign = await stats(query, { tenant: 'acme' });
      expect([foreign.totals, foreign.failing]).toEqual([NOTHING, []]);
    }
    await scene.server.api('DELETE', `/api/webhooks/${target.webhookId}`);
    expect((await scene.server.api('GET', path)).status).toBe(404);
    expect((await stats(`/api/stats?event=${target.type}`)).totals.attempts).toBe(1);
  });

  it('count an attempt that nobody reported on, whose duration nobody knows', async () => {
    const receiver = await scene.receiver(() => undefined);
    const target = await scene.target(receiver.url, { guarantee: 'at-most-once' });
    const id = await target.send();
    await receiver.next();
    await scene.sql(`UPDATE posthorn.delivery SET due_at = now() - interval '1 s' WHERE id = $1`, [id]);
    await scene.settled(id);
    const { totals } = await counting(1, `/api/stats?event=${target.type}`);
    expect(totals).toMatchObject({
      outcomes: { unknown_outcome: 1 },
      successRate: 0,
      latencyMs: { p50: null, p95: null, p99: null },
    });
  });

  it('tell what waits', async () => {
    const [hanging, ill] = [await scene.receiver(() => undefined), await scene.receiver(500)];
    const busy = await scene.target(hanging.url, { maxInFlight: 1 });
    const later = await scene.target(ill.url, { retrySchedule: ['1h'] });
    for (let n = 0; n < 3; n += 1) await busy.send();
    await hanging.next();
    await scene.becomes(await later.send(), 'retrying');
    const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
    await scene.server.api('POST', '/api/events', { event: later.type, data: {}, deliverAt });
    await scene.sql(
      `UPDATE posthorn.delivery SET due_at = now() - interval '90 s' WHERE webhook_id = $1 AND status = 'pending'`,
      [busy.webhookId],
    );
    const { backlog } = await stats('/api/stats');
    expect(backlog).toMatchObject({ pending: 2, scheduled: 1, retrying: 1, sending: 1 });
    expect(backlog?.oldestDueSeconds).toBeGreaterThanOrEqual(90);
    const ofWebhook = async ({ webhookId }: Target): Promise<unknown> => {
      const one = await stats(`/api/webhooks/${webhookId}/stats`);
      const same = await stats(`/api/stats?webhookId=${webhookId}`);
      expect({ ...same.backlog, oldestDueSeconds: null }).toEqual({ ...one.backlog, oldestDueSeconds: null });
      return one.backlog;
    };
    expect(await ofWebhook(busy)).toMatchObject({ pending: 2, scheduled: 0, retrying: 0, sending: 1 });
    expect(await ofWebhook(later)).toMatchObject({
      pending: 0,
      scheduled: 1,
      retrying: 1,
      sending: 0,
      oldestDueSeconds: null,
    });
    expect((await stats('/api/stats', { tenant: 'acme' })).backlog).toMatchObject({
      pending: 0,
      retrying: 0,
      sending: 0,
    });
  });

  it.each([
    ['since=2026-11-23T10:00:00Z&until=2026-11-23T10:00:00Z', 'invalid_period'],
    ['since=2020-01-01&bucket=minute', 'minutes_not_kept'],
    ['since=2020-01-01&bucket=hour', 'too_many_buckets'],
    ['bucket=day', 'validation_failed'],
    ['since=yesterday', 'validation_failed'],
    ['webhookId=1', 'validation_failed'],
    ['tenantId=acme', 'validation_failed'],
  ])('refuse %s', async (query, code) => {
    expect(await scene.server.api('GET', `/api/stats?${query}`)).toMatchObject({ status: 400, body: { code } });
  });

  it('refuse more webhooks than fit, none, and what is no id', async () => {
    const many = Array.from({ length: 251 }, () => randomUUID()).join();
    for (const query of ['', '?webhookIds=', '?webhookIds=x', `?webhookIds=${many}`])
      expect((await scene.server.api('GET', `/api/stats/webhooks${query}`)).status).toBe(400);
  });
});

describe('counts', () => {
  it('are exact where two processes deliver at once, and each is added once', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const both = await Promise.all([0, 1].map(() => DeliveryScene.open({ databaseUrl, encryptionKey })));
    const [one, two] = both as [DeliveryScene, DeliveryScene];
    try {
      const receiver = await one.receiver(200);
      const targets = await Promise.all(Array.from({ length: 20 }, () => one.target(receiver.url)));
      for (const { type } of targets) {
        const events = Array.from({ length: 20 }, () => ({ event: type, data: {} }));
        await Promise.all([one, two].map((at) => at.server.api('POST', '/api/events/batch', { events })));
      }
      const { totals, buckets } = await counting(800, '/api/stats', one);
      expect([totals.successes, sum(buckets, 'attempts')]).toEqual([800, 800]);
      const [log] = await one.sql<{ n: number }>('SELECT count(*)::int AS n FROM posthorn.delivery_attempt');
      expect(log?.n).toBe(800);
      expect((await stats('/api/stats?bucket=hour', { at: two })).totals).toEqual(totals);
      for (const { webhookId } of targets)
        expect((await stats(`/api/webhooks/${webhookId}/stats`, { at: two })).totals.attempts).toBe(40);
    } finally {
      await Promise.all(both.map((each) => each.close()));
    }
  });

  it('that a process left behind are added at the next start, and old ones are forgotten', async () => {
    const { url: databaseUrl } = await cloneDatabase();
    const before = await DeliveryScene.open({ databaseUrl, encryptionKey, role: 'api' });
    const insert = (table: string, age: string, attempts: number): Promise<unknown> =>
      before.sql(
        `INSERT INTO posthorn.${table} (at, tenant_id, webhook_id, event_type, outcome, latency, attempts)
         VALUES (date_trunc('minute', now() - $1::interval), 'default', '00000000-0000-0000-0000-000000000000', '', 'success', 3, $2)`,
        [age, attempts],
      );
    await before.sql(
      `INSERT INTO posthorn.attempt_count (at, tenant_id, webhook_id, event_type, outcome, latency, attempts)
       SELECT date_trunc('minute', now()), tenant, gen_random_uuid(), 'a.b', 'success', 3, 7 FROM unnest(ARRAY['default', 'gone']) AS tenant`,
    );
    await insert('attempt_minute', '47 hours', 100);
    await insert('attempt_minute', '50 hours', 100);
    await insert('attempt_hour', '9 days', 1_000);
    await insert('attempt_hour', '11 days', 1_000);
    await before.close();
    const after = await DeliveryScene.open({ databaseUrl, encryptionKey, statsRetention: '10d' });
    try {
      await counting(107, '/api/stats?since=' + new Date(Date.now() - 47.9 * 3_600_000).toISOString(), after);
      await counting(1_007, '/api/stats?since=2026-01-01', after);
      const [old] = await after.sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM posthorn.attempt_minute WHERE at < now() - interval '49 hours'`,
      );
      expect(old?.n).toBe(0);
      // Counts of a tenant that is being erased go nowhere.
      expect(await after.sql(`SELECT FROM posthorn.attempt_hour WHERE tenant_id = 'gone'`)).toEqual([]);
    } finally {
      await after.close();
    }
  });
});
