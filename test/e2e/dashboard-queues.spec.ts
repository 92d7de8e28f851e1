// The queues as their administrator sees them, on both backends: what waits, what failed, and that nobody else sees any of it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { chromiumMissing } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { redisMissing, TestRedis } from '../setup/redis.js';
import { accessibilityOf, BUILT_WITHIN_MS, called, DashboardScene, rowsOf } from './dashboard.harness.js';

interface Answer {
  readonly backend: string;
  readonly data: readonly {
    readonly name: string;
    readonly state: {
      readonly delayed: number;
      readonly failed: number;
      readonly nextDelayedAt: string | null;
      readonly lastFailed: readonly { readonly reason: string; readonly data: unknown }[];
    } | null;
  }[];
}

const missing = chromiumMissing();
if (missing) console.warn(`The queues of the dashboard are not tested: ${missing}.`);

const RETRIES = 'posthorn-retries';

describe.each([
  ['PostgreSQL', undefined],
  ['Redis', redisMissing()],
])('the queues on %s', (backend, missingHere) => {
  const skipped = missing ?? missingHere;
  const when = skipped ? it.skip : it;
  let redis: TestRedis | undefined;
  let scene: DashboardScene;

  beforeAll(async () => {
    if (skipped) return;
    if (backend === 'Redis') redis = await TestRedis.start();
    scene = await DashboardScene.open({ redisUrl: redis?.url });
  }, BUILT_WITHIN_MS);
  afterAll(async () => {
    await scene?.close();
    await redis?.kill();
  });
  afterEach(() => {
    expect(scene?.browser.complaints.splice(0) ?? []).toEqual([]);
  });

  const asked = async () => (await scene.server.api<Answer>('GET', '/api/queues')).body;
  const retries = async () => (await asked()).data.find(({ name }) => name === RETRIES)?.state;

  when('show what waits for later, and why a job failed', async () => {
    expect(await asked()).toMatchObject({
      backend: backend.toLowerCase(),
      data: [{ name: RETRIES }, { name: 'posthorn-runs' }],
    });
    const target = await scene.deliveries.target((await scene.deliveries.receiver(500)).url, { retrySchedule: ['5m'] });
    const id = await target.send();
    const { nextAttemptAt } = await scene.deliveries.becomes(id, 'retrying');
    const state = await eventually(async () => {
      const found = await retries();
      return found?.delayed === 1 && found;
    }, 'the retry has its job');
    const dueAt = Date.parse(state.nextDelayedAt ?? '');
    // Of one clock and the other, and of the way between them.
    expect(Math.abs(dueAt - Date.parse(nextAttemptAt ?? ''))).toBeLessThan(60_000);

    const queue: Queue = scene.server.app.get(getQueueToken(RETRIES), { strict: false });
    await queue.add('retry', { deliveryId: 'no id at all' }, { removeOnFail: false });
    await eventually(async () => (await retries())?.failed === 1, 'the job has failed');
    expect((await retries())?.lastFailed).toMatchObject([{ data: { deliveryId: 'no id at all' } }]);

    const page = await scene.signedIn('settings/queues');
    await page.getByText(`BullMQ on ${backend}.`).waitFor();
    const failed = page.getByRole('table', called('Jobs that failed, the last ones'));
    await failed.getByText('invalid input syntax for type uuid').waitFor();
    const [[, , , later, failures] = []] = await rowsOf(page.getByRole('table', called('Queues')));
    expect([later, failures]).toEqual(['1', '1']);
    expect(await accessibilityOf(page)).toEqual([]);
  });

  when('are nobody’s but the administrator’s', async () => {
    const made = await scene.server.api<{ key: string }>('POST', '/api/api-keys', { name: 'all', scopes: ['admin'] });
    const asTenant = await scene.server.api('GET', '/api/queues', undefined, { key: made.body.key });
    expect(asTenant).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    expect((await fetch(`${scene.server.url}/api/queues`)).status).toBe(401);
    const page = await scene.signedIn('settings', made.body.key);
    await page.getByRole('heading', called('No API key yet')).or(page.getByRole('table')).waitFor();
    expect(await page.getByRole('link', called('Queues')).count()).toBe(0);
  });

  if (backend !== 'Redis') return;
  // Last: the Redis does not come back.
  when('say that they do not answer, and take no longer than that', async () => {
    const page = await scene.signedIn('settings/queues');
    await page.getByRole('table', called('Queues')).waitFor();
    redis?.freeze();
    await page.getByText(`${RETRIES} does not answer.`).waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
  });
});
