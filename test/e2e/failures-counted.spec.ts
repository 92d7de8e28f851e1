// What counts as a failure of a webhook, and what makes it begin anew: a success, or who takes it to work again.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../setup/eventually.js';
import { DeliveryScene } from './delivery.harness.js';
import { FAILING_OPTIONS, failingIn } from './failing.harness.js';

let scene: DeliveryScene;
const { listener, fail, failingFor } = failingIn(() => scene);

beforeAll(async () => {
  scene = await DeliveryScene.open(FAILING_OPTIONS);
});
afterAll(() => scene?.close());

describe('test events that fail', () => {
  it('do not get their webhook disabled, however many and for however long', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const test = async (): Promise<void> => {
      const path = `/api/webhooks/${target.webhookId}/test`;
      const { body } = await scene.server.api<{ id: string }>('POST', path, { event: 'order.made', data: {} });
      await scene.settled(await scene.deliveryOf(body.id, target.webhookId));
    };
    for (let n = 0; n < 3; n += 1) await test();
    await failingFor(target, '10 minutes');
    await test();
    // What is sent behind it is settled, and acted upon, behind it.
    await fail(await scene.target((await scene.receiver(200)).url), 1);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
    await fail(target, 3);
    await failingFor(target, '10 minutes');
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(target.webhookId)).active, 'real failures disable it');
  });
});

describe('a webhook that only fails', () => {
  it('counts anew after a success, and its owner is told if there was a warning', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const failing = await scene.receiver(500);
    const target = await scene.target(failing.url);
    await fail(target, 1);
    failing.answers(200);
    await fail(target, 1);
    expect(await scene.healthOf(target.webhookId)).toBeUndefined();
    await fail(target, 2);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    failing.always(200);
    await fail(target, 1);
    await receiver.next();
    expect(told().map(({ event, data }) => [event, data.webhookId])).toEqual([
      ['posthorn.webhook.failing', target.webhookId],
      ['posthorn.webhook.recovered', target.webhookId],
    ]);
    expect(await scene.healthOf(target.webhookId)).toBeUndefined();
  });

  it('counts anew after it was enabled by hand', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    await fail(target, 2);
    await failingFor(target, '2 m');
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(target.webhookId)).active, 'it is disabled');
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 0 });
    await fail(target, 2);
    expect(await scene.webhook(target.webhookId)).toMatchObject({ active: true });
  });

  it('has recovered with its first success once it is enabled, and is warned of anew', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const failing = await scene.receiver(500);
    const target = await scene.target(failing.url);
    const disabledAndEnabled = async (): Promise<void> => {
      await fail(target, 2);
      await failingFor(target, '61 s');
      await fail(target, 1);
      for (let n = 0; n < 2; n += 1) await receiver.next();
      await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    };
    await disabledAndEnabled();
    // A test event that fails counts nothing, and ends nothing.
    const path = `/api/webhooks/${target.webhookId}/test`;
    const { body } = await scene.server.api<{ id: string }>('POST', path, { event: 'order.made', data: {} });
    await scene.settled(await scene.deliveryOf(body.id, target.webhookId));
    failing.answers(200);
    await fail(target, 1);
    await receiver.next();
    await disabledAndEnabled();
    await fail(target, 2);
    await failingFor(target, '31 s');
    await fail(target, 1);
    await receiver.next();
    const disabled = [
      ['posthorn.webhook.failing', 75],
      ['posthorn.webhook.disabled', undefined],
    ];
    expect(told().map(({ event, data }) => [event, data.percent])).toEqual([
      ...disabled,
      ['posthorn.webhook.recovered', undefined],
      ...disabled,
      ['posthorn.webhook.failing', 50],
    ]);
  });

  it('that was gone has recovered with its first success once it is enabled, and with none before', async () => {
    const { told, receiver } = await listener('posthorn.webhook.*');
    const held: (() => void)[] = [];
    const answering = await scene.receiver((_, response) => void held.push(() => response.writeHead(200).end()));
    const target = await scene.target(answering.url);
    const underWay = await target.send();
    await answering.next();
    answering.always(410);
    await fail(target, 1);
    await receiver.next();
    held.forEach((release) => release());
    await scene.settled(underWay);
    await eventually(
      async () => (await scene.healthOf(target.webhookId))?.consecutive_failures === 0,
      'its success is acted upon',
    );
    expect(told().map(({ event }) => event)).toEqual(['posthorn.webhook.disabled']);
    answering.always(200);
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    await fail(target, 1);
    await receiver.next();
    expect(told().map(({ event }) => event)).toEqual(['posthorn.webhook.disabled', 'posthorn.webhook.recovered']);
  });

  it('counts anew once its URL is another one, and after no other change', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const patch = (change: object) => scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, change);
    await fail(target, 2);
    const { url } = (await scene.server.api('GET', `/api/webhooks/${target.webhookId}`)).body;
    for (const change of [{ description: 'x' }, { url }, { active: true }])
      expect((await patch(change)).status).toBe(200);
    await fail(target, 1);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 3 });
    await patch({ url: (await scene.receiver(500)).url });
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 0 });
    await fail(target, 2);
    expect(await scene.healthOf(target.webhookId)).toMatchObject({ consecutive_failures: 2 });
  });

  it('is not disabled by replays that fail: neither their number counts nor their time', async () => {
    const target = await scene.target((await scene.receiver(500)).url);
    const { webhookId, type } = target;
    const replay = async (): Promise<void> => {
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const before = (await scene.logged(type)).length;
      const { body } = await scene.server.api<{ count: number }>('POST', `/api/webhooks/${webhookId}/replay`, {
        since,
      });
      expect(body.count).toBeGreaterThan(0);
      await eventually(async () => {
        const log = await scene.logged(type);
        return log.length === before + body.count && log.every(({ status }) => status === 'failed');
      }, 'all replayed deliveries have failed');
    };
    await fail(target, 2);
    await failingFor(target, '2 m');
    await replay();
    await replay();
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await fail(target, 1);
    await eventually(async () => !(await scene.webhook(webhookId)).active, 'the third ordinary failure disables it');

    await scene.server.api('POST', `/api/webhooks/${webhookId}/enable`);
    await replay();
    await failingFor(target, '2 m');
    await fail(target, 3);
    expect(await scene.webhook(webhookId)).toMatchObject({ active: true });
    await failingFor(target, '2 m');
    await fail(target, 1);
    await eventually(
      async () => !(await scene.webhook(webhookId)).active,
      'time counts from the first ordinary failure',
    );
  });
});
