// Limits of requests with Redis: one for all replicas, at few round trips, and nobody's trouble while Redis is away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { monotonicNow } from '../../src/kernel/clock.js';
import { SharedBuckets } from '../../src/kernel/shared-buckets.js';
import type { Rate } from '../../src/kernel/token-buckets.js';
import { RedisBuckets } from '../../src/platform/access/redis-buckets.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { redisMissing, TestRedis } from '../setup/redis.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

const missing = redisMissing();
if (missing) console.warn(`Not run: limits of requests with Redis. ${missing}`);
const withRedis = missing ? describe.skip : describe;

/** A machine that is busy elsewhere does not make Redis one that is away. */
const PATIENT_MS = 60_000;

/** Does not fill up while a test runs. */
const aDay = (max: number) => ({ max, perSeconds: 86_400 });

withRedis('with Redis', () => {
  let redis: TestRedis;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    for (const one of open.splice(0).reverse()) await one.close();
  });
  afterAll(() => redis?.kill());

  /** Takes from a limit as one replica does: 0, or in how many seconds there will be something. */
  async function replica() {
    const buckets = new RedisBuckets(redis.url, PATIENT_MS);
    open.push(buckets);
    await buckets.connect();
    const shared = new SharedBuckets(monotonicNow);
    return async (key: string, rate: Rate): Promise<number> =>
      (await shared.take(key, rate, (wanted) => buckets.take(key, rate, wanted))) ?? NaN;
  }

  const admitted = (waits: readonly number[]): number => waits.filter((wait) => wait === 0).length;
  const tokensOf = (key: string) => redis.ask((client) => client.hget(key, 'tokens'));

  it('replicas hold a limit together, however many requests come at once', async () => {
    const [one, other] = [await replica(), await replica()];
    const flood = Array.from({ length: 60 }, (_, at) => (at % 2 ? one : other)('flood', aDay(25)));
    const waits = await Promise.all(flood);
    expect(admitted(waits)).toBe(25);
    // A day has 86,400 seconds: there is another token after a 25th of them.
    for (const wait of waits.filter((each) => each > 0)) expect(wait).toBeLessThanOrEqual(86_400 / 25);
    expect(admitted(await Promise.all([one('other', aDay(1)), other('other', aDay(1))]))).toBe(1);
  });

  it('a replica takes a hundredth ahead, and asks for nothing while it has some or there is none', async () => {
    await redis.flush();
    const one = await replica();
    expect(await one('busy', aDay(1_000))).toBe(0);
    const [key = ''] = await redis.keys();
    const before = await tokensOf(key);
    expect(Math.floor(Number(before))).toBe(989);
    for (let at = 0; at < 10; at += 1) expect(await one('busy', aDay(1_000))).toBe(0);
    expect(await tokensOf(key)).toBe(before);
    expect(key).not.toContain('busy');

    expect([await one('few', aDay(1)), (await one('few', aDay(1))) > 0]).toEqual([0, true]);
    await redis.flush();
    expect(await one('few', aDay(1))).toBeGreaterThan(0);
    expect(await redis.keys()).toEqual([]);
  });

  const shared = async () => ({
    databaseUrl: (await cloneDatabase()).url,
    encryptionKey: randomBytes(32).toString('base64'),
    redisUrl: redis.url,
    maxRequestsPerCaller: 3,
  });

  const send = (server: TestServer, key: string) =>
    server.api('POST', '/api/events', { event: 'order.paid', data: {} }, { key });

  const statuses = async (key: string, ...servers: TestServer[]): Promise<number[]> => {
    const seen: number[] = [];
    for (const server of servers) seen.push((await send(server, key)).status);
    return seen;
  };

  it('two servers let in what one may, and each lets in what it may by itself while Redis is away', async () => {
    const options = await shared();
    const warnings: string[] = [];
    const silent = (): void => undefined;
    const [one, other] = [await startTestServer(options), await startTestServer(options)];
    open.push(one, other);
    Logger.overrideLogger({ log: silent, error: silent, warn: (text: string) => warnings.push(text) });
    const newKey = async (): Promise<string> =>
      (await one.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes: ['events:write'] })).body.key;
    const [second, third, fourth] = [await newKey(), await newKey(), await newKey()];
    const isOne = async (key: string): Promise<boolean> =>
      (await statuses(key, one, other, one, other)).filter((status) => status === 202).length === 3;
    /** A key that has used up what it may. Where a busy machine lets Redis answer late, each decides alone for a second. */
    const usedUp = async (): Promise<string> => {
      const key = await newKey();
      return (await isOne(key)) ? key : '';
    };

    const first = await eventually(usedUp, 'the limit is one for both');
    const refused = await send(other, first);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    warnings.length = 0;
    await redis.kill();
    expect(await statuses(second, one, one, one, one)).toEqual([202, 202, 202, 429]);
    expect(await statuses(second, other, other, other, other)).toEqual([202, 202, 202, 429]);
    const ofLimits = warnings.filter((text) => text.includes('each replica limits requests by itself'));
    // Once by each of the two.
    expect(ofLimits).toHaveLength(2);

    await redis.run();
    const probe = await newKey();
    await eventually(async () => {
      for (const server of [one, other]) await send(server, probe);
      return (await redis.keys()).some((key) => key.startsWith('posthorn:requests:'));
    }, 'a replica asks Redis again');
    await eventually(usedUp, 'the limit is one for both again');

    redis.freeze();
    expect(await statuses(third, one, one, one, one)).toEqual([202, 202, 202, 429]);
    await redis.kill();
    expect(await statuses(fourth, other)).toEqual([202]);
    // BullMQ takes its time to stop without it.
    await redis.run();
  });

  it('a server starts, and limits by itself, where Redis is away', async () => {
    await redis.kill();
    const server = await startTestServer(await shared());
    open.push(server);
    const key = { name: 'k', scopes: ['events:write'] };
    const { body } = await server.api<{ key: string }>('POST', '/api/api-keys', key);
    expect(await statuses(body.key, server, server, server, server)).toEqual([202, 202, 202, 429]);
    await redis.run();
  });
});
