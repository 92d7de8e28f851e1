// BullMQ is the timer of retries, on PostgreSQL or on Redis, and nothing depends on it: jobs may be lost, Redis may be away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { eventually } from '../setup/eventually.js';
import { redisMissing, TestRedis } from '../setup/redis.js';
import { TestReceiver } from '../setup/receiver.js';
import { DeliveryScene, msBetween } from './delivery.harness.js';

/** The sweep looks every three seconds; slower than this would be more than one look. */

const receivers: TestReceiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function failingReceiver(): Promise<TestReceiver> {
  const receiver = await TestReceiver.start(500);
  receivers.push(receiver);
  return receiver;
}

const queueOf = ({ server }: DeliveryScene): Queue =>
  server.app.get(getQueueToken('posthorn-retries'), { strict: false });

/** Ten retries, 50 ms apart: the sweep alone, which looks every 3 s, takes 27 s for them at the least, and longer on a slow machine. */
async function expectRetriesByJobs(scene: DeliveryScene): Promise<void> {
  const receiver = await failingReceiver();
  receiver.answers(...Array.from({ length: 10 }, () => 500)).always(200);
  const target = await scene.target(receiver.url, { retrySchedule: Array.from({ length: 10 }, () => '50ms') });
  const id = await target.send();
  const delivery = await eventually(
    async () => {
      const found = await scene.delivery(id);
      if (found.status !== 'success') throw new Error(`It is ${found.status}`);
      return found;
    },
    'the delivery succeeds on its eleventh attempt',
    { within: 60_000 },
  );
  expect(delivery.attemptCount).toBe(11);
  const { attempts } = delivery;
  expect(msBetween(attempts[0]!.startedAt, attempts[10]!.startedAt)).toBeLessThan(24_000);
  for (const [n, attempt] of attempts.slice(1).entries())
    expect(msBetween(attempts[n]!.startedAt, attempt.startedAt)).toBeGreaterThanOrEqual(40);
}

/** Retries that wait with a job each, all of whose jobs are then lost. */
async function expectNoneLostWithItsJob(scene: DeliveryScene, loseAllJobs: () => Promise<void>): Promise<void> {
  const receiver = await failingReceiver();
  // None falls due by itself while the jobs are counted and lost, however slow the machine is.
  const target = await scene.target(receiver.url, { retrySchedule: ['5m'] });
  const ids = await Promise.all(Array.from({ length: 20 }, () => target.send()));
  for (const id of ids) await scene.becomes(id, 'retrying');
  const queue = queueOf(scene);
  await eventually(async () => (await queue.getDelayedCount()) === ids.length, 'every retry has its job');
  await loseAllJobs();
  expect(await queue.getDelayedCount()).toBe(0);
  receiver.always(200);
  await scene.sql(`UPDATE posthorn.delivery SET due_at = now() WHERE id = ANY ($1)`, [ids]);
  for (const id of ids)
    await eventually(async () => (await scene.delivery(id)).status === 'success', `${id} is delivered`);
  expect(receiver.received).toHaveLength(2 * ids.length);
}

async function expectDeliveredFromBeyondTheHorizon(scene: DeliveryScene): Promise<void> {
  const receiver = await failingReceiver();
  const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
  const id = await target.send();
  await scene.becomes(id, 'retrying');
  expect(await queueOf(scene).getDelayedCount()).toBe(0);
  receiver.always(200);
  await scene.sql('UPDATE posthorn.delivery SET due_at = now() WHERE id = $1', [id]);
  await eventually(async () => (await scene.delivery(id)).status === 'success', 'the sweep delivers it');
}

describe('with the queue on PostgreSQL', () => {
  let scene: DeliveryScene;
  beforeAll(async () => {
    scene = await DeliveryScene.open();
  });
  afterAll(() => scene?.close());

  it('a retry is woken by its job, no earlier than it is due', () => expectRetriesByJobs(scene));

  it('the jobs lie in a schema of their own, and hold an id and nothing else', async () => {
    const receiver = await failingReceiver();
    const target = await scene.target(receiver.url, { retrySchedule: ['5m'] });
    const id = await target.send({ secret: 'payload' });
    await scene.becomes(id, 'retrying');
    const jobs = await eventually(async () => {
      const found = await queueOf(scene).getDelayed();
      return found.length > 0 && found;
    }, 'the job is there');
    expect((jobs || []).map((job) => job.data as unknown)).toEqual([{ deliveryId: id }]);
    const schemas = await scene.sql<{ nspname: string }>(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE '%queue%' OR nspname = 'bullmq'`,
    );
    expect(schemas).toEqual([{ nspname: 'posthorn_queue' }]);
    await queueOf(scene).obliterate({ force: true });
  });

  it('losing all jobs loses nothing: the sweep delivers', () =>
    expectNoneLostWithItsJob(scene, () => queueOf(scene).obliterate({ force: true })));

  it('a retry further off than the horizon of the jobs has none, and is delivered by the sweep', () =>
    expectDeliveredFromBeyondTheHorizon(scene));

  it('a job that comes too early, or twice, or for a delivery that is over, sends nothing', async () => {
    const receiver = await failingReceiver();
    const early = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const waiting = await early.send();
    const { nextAttemptAt } = await scene.becomes(waiting, 'retrying');
    const over = await scene.target(receiver.url, { retrySchedule: [] });
    const failed = await over.send();
    await scene.settled(failed);
    const queue = queueOf(scene);
    const unknown = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';
    for (const deliveryId of [waiting, waiting, failed, unknown])
      await queue.add('retry', { deliveryId }, { removeOnComplete: true });
    await eventually(async () => {
      const { waiting: left, active } = await queue.getJobCounts('waiting', 'active');
      return left === 0 && active === 0;
    }, 'the jobs are done');
    expect(await scene.delivery(waiting)).toMatchObject({ status: 'retrying', nextAttemptAt, attemptCount: 1 });
    expect(await scene.delivery(failed)).toMatchObject({ status: 'failed', attemptCount: 1 });
    expect(receiver.received).toHaveLength(2);
  });
});

const missing = redisMissing();
(missing ? describe.skip : describe)(`with the queue on Redis${missing ? `: ${missing}` : ''}`, () => {
  let redis: TestRedis;
  let scene: DeliveryScene;
  beforeAll(async () => {
    redis = await TestRedis.start();
    scene = await DeliveryScene.open({ redisUrl: redis.url });
  });
  afterAll(async () => {
    await scene?.close();
    await redis?.kill();
  });

  it('a retry is woken by its job, no earlier than it is due', () => expectRetriesByJobs(scene));

  it('its keys share one hash tag, so that a Redis Cluster keeps a queue in one place', async () => {
    const keys = await redis.keys();
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^\{posthorn\}:posthorn-/);
  });

  it('a flush of Redis loses nothing: the sweep delivers', () => expectNoneLostWithItsJob(scene, () => redis.flush()));

  it('a retry further off than the horizon of the jobs has none, and is delivered by the sweep', () =>
    expectDeliveredFromBeyondTheHorizon(scene));

  it('while Redis is away everything goes on, retries by the sweep; once it is back, by jobs again', async () => {
    const receiver = await failingReceiver();
    receiver.answers(200, 500).always(200);
    await redis.kill();
    const target = await scene.target(receiver.url, { retrySchedule: ['50ms'] });
    expect(await scene.becomes(await target.send(), 'success')).toMatchObject({ attemptCount: 1 });
    const retried = await target.send();
    await eventually(async () => (await scene.delivery(retried)).status === 'success', 'the sweep retries');
    expect(await scene.delivery(retried)).toMatchObject({ attemptCount: 2 });
    // PostgreSQL is asked, for two seconds at most: a busy machine may need another look.
    const ready = async () => (await fetch(`${scene.server.url}/health/ready`)).status === 200;
    await eventually(ready, 'it is ready all the same');
    await redis.run();
    await eventually(async () => (await queueOf(scene).getDelayedCount()) === 0, 'the queue is back');
    await expectRetriesByJobs(scene);
  });

  it('a server starts, serves and delivers without it, and stops in time', async () => {
    await redis.kill();
    const other = await DeliveryScene.open({ redisUrl: redis.url });
    const receiver = await failingReceiver();
    receiver.always(200);
    const target = await other.target(receiver.url);
    expect(await other.settled(await target.send())).toMatchObject({ status: 'success', attemptCount: 1 });
    // It does not wait for Redis, which never comes.
    await other.close();
    await redis.run();
  });
});
