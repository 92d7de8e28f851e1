// The sending policy: of a webhook, else of its tenant, else of the installation, field by field.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from '../setup/receiver.js';
import { DeliveryScene, msBetween } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';

interface TenantAnswer {
  readonly id: string;
  readonly name: string;
}

const POLICY_OF_NOBODY = {
  timeoutMs: null,
  retrySchedule: null,
  retryJitter: null,
  maxRetryWaitMs: null,
  retryStatuses: null,
  autoDisable: null,
};

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ retrySchedule: ['10ms'], retryJitter: 0, retryStatuses: ['418', '5xx'] });
});
afterAll(() => scene?.close());
afterEach(async () => {
  await scene.closeReceivers();
  await tenant('PATCH', POLICY_OF_NOBODY);
});

const tenant = (method: string, body?: object, id = 'default') =>
  scene.server.api<TenantAnswer>(method, `/api/tenants/${id}`, body);

async function outcomeOf(answer: Answer, own: object = {}): Promise<Delivery> {
  const target = await scene.target((await scene.receiver(answer)).url, own);
  return scene.settled(await target.send());
}

/** The wait that a delivery is in, from the end of its first attempt, in milliseconds. */
async function waitOf(answer: Answer, own: object = {}): Promise<number> {
  const target = await scene.target((await scene.receiver(answer)).url, own);
  const delivery = await scene.becomes(await target.send(), 'retrying');
  return msBetween(delivery.attempts[0]?.startedAt ?? '', delivery.nextAttemptAt);
}

describe('a tenant', () => {
  it('is read and changed by its id, and keeps what a PATCH does not mention', async () => {
    await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme', retryJitter: 0.5 });
    const made = { id: 'acme', name: 'Acme', createdAt: expect.any(String), ...POLICY_OF_NOBODY, retryJitter: 0.5 };
    expect(await tenant('GET', undefined, 'acme')).toMatchObject({ status: 200, body: made });
    const policy = {
      timeoutMs: 4_000,
      retrySchedule: ['1m', '1h'],
      maxRetryWaitMs: 7_200_000,
      retryStatuses: ['default', '404'],
      autoDisable: { after: '12h', attempts: 3 },
    };
    const changed = await tenant('PATCH', { name: 'Acme Ltd', ...policy }, 'acme');
    expect(changed).toMatchObject({ status: 200, body: { ...made, ...policy, name: 'Acme Ltd' } });
    expect((await tenant('PATCH', {}, 'acme')).body).toEqual(changed.body);
    expect((await tenant('GET', undefined, 'acme')).body).toEqual(changed.body);
    expect((await tenant('PATCH', { retrySchedule: 'standard', autoDisable: false }, 'acme')).body).toMatchObject({
      retrySchedule: ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '1d'],
      autoDisable: false,
      timeoutMs: 4_000,
    });
  });

  it('that does not exist is a 404, however its id is spelt', async () => {
    for (const id of ['nobody', 'No%20body', '__proto__']) {
      for (const method of ['GET', 'PATCH'])
        expect((await tenant(method, method === 'PATCH' ? { name: 'x' } : undefined, id)).status).toBe(404);
    }
  });

  it.each([
    [{ name: '' }],
    [{ name: null }],
    [{ id: 'other' }],
    [{ retryStatuses: ['2xx'] }],
    [{ retrySchedule: ['8d'] }],
    [{ retrySchedule: ['7d', '7d', '7d', '7d', '7d'] }],
    [{ autoDisable: { after: '5d' } }],
    [{ maxRetryWaitMs: 1 }],
    [{ retryJitter: 2 }],
    [{ timeoutMs: 1 }],
  ])('refuses %j', async (change) => expect((await tenant('PATCH', change)).status).toBe(400));
});

describe('the sending policy', () => {
  it('of the installation counts where nobody says anything', async () => {
    expect(await outcomeOf(418)).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    expect(await outcomeOf(404)).toMatchObject({ status: 'client_error', reason: null, attemptCount: 1 });
    expect(await outcomeOf(302)).toMatchObject({ status: 'failed', reason: 'status_not_retried', attemptCount: 1 });
  });

  it('of the tenant counts before the installation’s, field by field', async () => {
    await tenant('PATCH', { retryStatuses: ['404'] });
    expect(await outcomeOf(404)).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    expect(await outcomeOf(500)).toMatchObject({ status: 'failed', reason: 'status_not_retried', attemptCount: 1 });
    await tenant('PATCH', { retrySchedule: ['10ms', '10ms', '10ms'] });
    expect(await outcomeOf(404)).toMatchObject({ attemptCount: 4 });
    await tenant('PATCH', { retrySchedule: ['1h'], maxRetryWaitMs: 60_000, retryStatuses: null });
    expect(Math.round((await waitOf(500)) / 60_000)).toBe(1);
  });

  it('of the webhook counts before its tenant’s, field by field', async () => {
    await tenant('PATCH', { retryStatuses: ['404'], retrySchedule: ['10ms', '10ms'], timeoutMs: 60_000 });
    const own = { retryStatuses: ['default', '!500'] };
    expect(await outcomeOf(404, own)).toMatchObject({ status: 'client_error', attemptCount: 1 });
    expect(await outcomeOf(503, own)).toMatchObject({ status: 'failed', attemptCount: 3 });
    expect(await outcomeOf(404, { retrySchedule: [] })).toMatchObject({
      reason: 'attempts_exhausted',
      attemptCount: 1,
    });
    const late = await outcomeOf(() => undefined, { timeoutMs: 100, retrySchedule: [] });
    expect(late.attempts[0]).toMatchObject({ outcome: 'timeout' });
  });

  it('of one tenant is not another’s', async () => {
    await scene.server.api('POST', '/api/tenants', { id: 'patient', name: 'Patient', retrySchedule: ['1h'] });
    expect(await outcomeOf(500)).toMatchObject({ status: 'failed', attemptCount: 2 });
  });

  it('has the deadline of the tenant where the webhook has none', async () => {
    await tenant('PATCH', { timeoutMs: 100, retrySchedule: [] });
    const late = await outcomeOf(() => undefined);
    expect(late.attempts[0]).toMatchObject({ outcome: 'timeout' });
  });

  it('retries 410 where it is listed by itself, and disables nothing then', async () => {
    const listed = await outcomeOf(410, { retryStatuses: ['410'] });
    expect(listed).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
    expect(await scene.webhook(listed.webhookId)).toMatchObject({ active: true });
    const unlisted = await outcomeOf(410, { retryStatuses: ['4xx'] });
    expect(unlisted).toMatchObject({ status: 'client_error', attemptCount: 1 });
  });

  it('shortens what a receiver asks for to the longest wait, for the delivery and for its webhook', async () => {
    const busy: Answer = (_, response) => void response.writeHead(503, { 'retry-after': '86400' }).end();
    const own = { maxRetryWaitMs: 120_000 };
    expect(Math.round((await waitOf(busy, own)) / 60_000)).toBe(2);
    const paused = await scene.sql<{ s: number }>(
      `SELECT extract(epoch FROM max(paused_until) - now())::float8 AS s FROM posthorn.webhook_health`,
    );
    expect(paused[0]?.s).toBeLessThanOrEqual(120);
    await scene.sql('DELETE FROM posthorn.webhook_health');
    expect(Math.round((await waitOf(busy, { maxRetryWaitMs: 172_800_000 })) / 3_600_000)).toBe(24);
  });

  it('has jitter that is its own: none is exactly the schedule', async () => {
    await tenant('PATCH', { retryJitter: 1, retrySchedule: ['7d', '1s'] });
    // With full jitter this would be within a minute of 7 days once in five thousand runs.
    const exact = await waitOf(500, { retryJitter: 0 });
    expect(Math.round(exact / 60_000)).toBe(7 * 24 * 60);
  });
});
