// Changing and deleting webhooks, as a client of the API meets it.
import { describe, expect, it } from '@jest/globals';
import { WebhookChanges, WebhooksService } from '../../src/registry/index.js';
import type { DisabledReason, WebhookChanged } from '../../src/registry/index.js';
import { refusal, RegistryScene, routesOf } from './registry.harness.js';
import type { WebhookAnswer } from './registry.harness.js';

const scene = RegistryScene.forTests();
const { as, register, read } = scene;

describe('changing a webhook', () => {
  it('keeps what a PATCH does not mention', async () => {
    const webhook = await register('default', { description: 'ERP', timeoutMs: 5000, retrySchedule: ['2s'] });
    const answer = await as('default')
      .patch(`/api/webhooks/${webhook.id}`)
      .send({ events: ['x.*'] })
      .expect(200);
    const { secret, ...rest } = webhook;
    expect(secret).toMatch(/^whsec_/);
    expect(answer.body).toEqual({ ...rest, events: ['x.*'], updatedAt: expect.any(String) });
    expect((answer.body as WebhookAnswer).updatedAt >= webhook.updatedAt).toBe(true);
  });

  it('resets to the default what a PATCH sets to null', async () => {
    const { id } = await register('default', { description: 'ERP', timeoutMs: 5000, retrySchedule: ['2s'] });
    await as('default')
      .patch(`/api/webhooks/${id}`)
      .send({ description: null, timeoutMs: null, retrySchedule: null })
      .expect(200);
    expect(await read('default', id)).toMatchObject({ description: null, timeoutMs: null, retrySchedule: null });
  });

  it('loses no field of PATCHes at the same moment', async () => {
    const { id } = await register('default');
    const changes = [{ description: 'ERP' }, { timeoutMs: 700 }, { events: ['z'] }, { retrySchedule: ['3s'] }];
    await Promise.all(changes.map((change) => as('default').patch(`/api/webhooks/${id}`).send(change).expect(200)));
    expect(await read('default', id)).toMatchObject(Object.assign({}, ...changes) as object);
  });

  it('disables and enables, by PATCH and by route, and tells this process once per change', async () => {
    const service = scene.app.get(WebhooksService);
    const told: WebhookChanged['kind'][] = [];
    const { id } = await register('default');
    scene.app.get(WebhookChanges).listen(({ kind, webhookId }) => {
      if (webhookId === id) told.push(kind);
    });
    const patch = (active: boolean) => as('default').patch(`/api/webhooks/${id}`).send({ active }).expect(200);
    const disable = (webhookId: string, reason: DisabledReason) =>
      service.disable('default', webhookId, reason, () => Promise.resolve(reason));

    expect((await patch(false)).body).toMatchObject({ active: false, disabledReason: 'manual' });
    await patch(false);
    expect((await patch(true)).body).toMatchObject({ active: true, disabledReason: null });
    expect(await disable(id, 'gone')).toBe('gone');
    expect(await disable(id, 'failing')).toBeUndefined();
    // What disabled it first stays the reason.
    const again = await as('default').post(`/api/webhooks/${id}/disable`).expect(202);
    expect(again.body).toMatchObject({ active: false, disabledReason: 'gone' });
    await as('default').post(`/api/webhooks/${id}/enable`).expect(202);
    await as('default').patch(`/api/webhooks/${id}`).send({ description: 'x' }).expect(200);
    await as('default').delete(`/api/webhooks/${id}`).expect(204);
    expect(told).toEqual(['disabled', 'enabled', 'disabled', 'enabled', 'updated', 'deleted']);
    expect(await disable(id, 'gone')).toBeUndefined();
    expect(await disable('no-id', 'gone')).toBeUndefined();
  });

  it('deletes softly: gone for the API, the row stays', async () => {
    const { id } = await register('default');
    await as('default').delete(`/api/webhooks/${id}`).expect(204, '');
    for (const [method, path] of routesOf(id))
      expect(await refusal(as('default')[method](path))).toMatchObject({ status: 404, code: 'webhook_not_found' });
    const list = await as('default').get('/api/webhooks?limit=250').expect(200);
    expect(list.text).not.toContain(id);
    const { rows } = await scene.sql.query('SELECT 1 FROM posthorn.webhook WHERE id = $1 AND deleted_at IS NOT NULL', [
      id,
    ]);
    expect(rows).toHaveLength(1);
  });
});
