// Webhooks that only fail: when their owner is warned, when they are disabled, and by whose rule.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery } from './delivery.harness.js';
import { FAILING_OPTIONS, failingIn } from './failing.harness.js';

let scene: DeliveryScene;
const { listener, fail, failingFor, refuseOnce } = failingIn(() => scene);

beforeAll(async () => {
  scene = await DeliveryScene.open(FAILING_OPTIONS);
});
afterAll(() => scene?.close());

describe('a webhook that only fails', () => {
  it('is warned of at half and at three quarters, disabled at the whole, and told so', async () => {
    const { told, receiver } = await listener('posthorn.webhook.failing', 'posthorn.webhook.disabled');
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId } = target;
    await fail(target, 2);
    expect(told()).toEqual([]);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    await failingFor(target, '46 s');
    await fail(target, 2);
    await receiver.next();
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await failingFor(target, '61 s');
    await fail(target, 1);
    await receiver.next();
    expect(told()).toMatchObject([
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 50, failures: 3 } },
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 75, failures: 4 } },
      { event: 'posthorn.webhook.disabled', data: { webhookId, reason: 'failing' } },
    ]);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('is warned of as it is disabled, where nothing failed between half and the whole', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId } = target;
    await fail(target, 2);
    await failingFor(target, '61 s');
    await fail(target, 1);
    for (let n = 0; n < 2; n += 1) await receiver.next();
    expect(told()).toMatchObject([
      { event: 'posthorn.webhook.failing', data: { webhookId, percent: 75, failures: 3 } },
      { event: 'posthorn.webhook.disabled', data: { webhookId, reason: 'failing' } },
    ]);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it.each([1, 2])('is disabled at its count, %i, by a rule that asks for no time', async (attempts) => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const target = await scene.target((await scene.receiver(500)).url, { autoDisable: { after: '0s', attempts } });
    await fail(target, attempts);
    const expected = attempts === 1 ? [75, undefined] : [50, 75, undefined];
    for (let n = 0; n < expected.length; n += 1) await receiver.next();
    expect(told().map(({ data }) => data.percent)).toEqual(expected);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('stays enabled where nobody can be told', async () => {
    const { told, receiver } = await listener('posthorn.webhook.disabled');
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '61 s');
    await refuseOnce('posthorn.webhook.disabled');
    await fail(target, 1);
    // What is sent behind it is settled, and acted upon, behind it.
    await fail(await scene.target((await scene.receiver(200)).url), 1);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
    await fail(target, 1);
    await receiver.next();
    expect(told()).toMatchObject([{ data: { webhookId: target.webhookId, reason: 'failing' } }]);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: false, disabledReason: 'failing' });
  });

  it('is warned of by its next failure, where that could not be told', async () => {
    const { told, receiver } = await listener('posthorn.webhook.failing');
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '31 s');
    await refuseOnce('posthorn.webhook.failing');
    await fail(target, 2);
    await receiver.next();
    expect(told()).toMatchObject([{ data: { webhookId: target.webhookId, percent: 50, failures: 4 } }]);
  });

  it('stays enabled while only one of time and count is reached', async () => {
    const often = await scene.target((await scene.receiver(500)).url);
    await fail(often, 8);
    const long = await scene.target((await scene.receiver(500)).url);
    await fail(long, 1);
    await failingFor(long, '30 d');
    await fail(long, 1);
    expect(await scene.healthOf(often.webhookId)).toMatchObject({ consecutive_failures: 8 });
    expect(await scene.healthOf(long.webhookId)).toMatchObject({ consecutive_failures: 2 });
    expect(await scene.webhook(often.webhookId)).toMatchObject({ active: true });
    expect(await scene.webhook(long.webhookId)).toMatchObject({ active: true });
    await fail(long, 1);
    await eventually(async () => !(await scene.webhook(long.webhookId)).active, 'the third failure disables it');
  });

  it('has what waits for it skipped when it is disabled, and can be tried again once enabled', async () => {
    const receiver = await scene.receiver(500);
    const target = await scene.target(receiver.url, { retrySchedule: ['1h'] });
    const waiting: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      waiting.push(await target.send());
      await scene.becomes(waiting[n]!, 'retrying');
    }
    await failingFor(target, '2 m');
    waiting.push(await target.send());
    for (const id of waiting)
      expect(await scene.becomes(id, 'skipped')).toMatchObject({ reason: 'webhook_disabled', attemptCount: 1 });
    receiver.always(200);
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect((await scene.retry(waiting[0]!)).status).toBe(202);
    expect(await scene.settled(waiting[0]!)).toMatchObject({ status: 'success', attemptCount: 2 });
  });

  it('is judged by a rule of its own, else by its tenant’s, else by the installation’s', async () => {
    await scene.server.api('PATCH', '/api/tenants/default', { autoDisable: { after: '1h', attempts: 1 } });
    try {
      const strict = await scene.target((await scene.receiver(500)).url, {
        autoDisable: { after: '10s', attempts: 1 },
      });
      const lenient = await scene.target((await scene.receiver(500)).url, { autoDisable: false });
      const patient = await scene.target((await scene.receiver(500)).url);
      for (const target of [strict, lenient, patient]) {
        await fail(target, 3);
        await failingFor(target, '11 s');
        await fail(target, 1);
      }
      await eventually(async () => !(await scene.webhook(strict.webhookId)).active, 'its own rule disables it');
      await failingFor(lenient, '30 d');
      await fail(lenient, 1);
      await failingFor(patient, '59 m');
      await fail(patient, 1);
      for (const { webhookId } of [lenient, patient])
        expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
      await failingFor(patient, '61 m');
      await fail(patient, 1);
      await eventually(
        async () => !(await scene.webhook(patient.webhookId)).active,
        'the rule of the tenant disables it',
      );
    } finally {
      await scene.server.api('PATCH', '/api/tenants/default', { autoDisable: null });
    }
  });

  it('never, under AUTO_DISABLE=off', async () => {
    const other = await DeliveryScene.open({ retrySchedule: [], autoDisable: 'off' });
    try {
      const target = await other.target((await scene.receiver(500)).url);
      const ids = [await target.send()];
      await other.settled(ids[0]!);
      await other.sql(
        `UPDATE posthorn.webhook_health SET failing_since = now() - interval '30 d', consecutive_failures = 500`,
      );
      const last: Delivery = await other.settled(await target.send());
      expect(last.status).toBe('failed');
      const [row] = await other.sql('SELECT consecutive_failures FROM posthorn.webhook_health');
      expect(row).toEqual({ consecutive_failures: 501 });
      expect(await other.webhook(target.webhookId)).toMatchObject({ active: true });
    } finally {
      await other.close();
    }
  });
});
