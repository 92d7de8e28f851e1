// Signing secrets come in lists: a new one is taken over without a gap, an old one is ended, one is always left.
import { describe, expect, it } from '@jest/globals';
import { refusal, RegistryScene } from './registry.harness.js';

const scene = RegistryScene.forTests();
const { as, read } = scene;
const register = (tenant: string) => scene.register(tenant);

describe('secrets', () => {
  it('rotate: the new one is shown, the old one lives on for a day', async () => {
    const { id, secrets } = await register('default');
    const answer = await as('default').post(`/api/webhooks/${id}/secrets`).expect(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      hint: expect.stringMatching(/^….{4}$/),
      createdAt: expect.any(String),
      expiresAt: null,
      signatureScheme: 'hmac',
      publicKey: null,
      secret: expect.stringMatching(/^whsec_/),
    });
    const { secrets: now } = await read('default', id);
    expect(now.map((secret) => secret.id)).toEqual([(answer.body as { id: string }).id, secrets[0]?.id]);
    const inHours = (Date.parse(now[1]?.expiresAt ?? '') - Date.now()) / 3_600_000;
    expect(inHours).toBeGreaterThan(23.9);
    expect(inHours).toBeLessThan(24.1);
  });

  it('rotate again: what is left of an old one’s day is not prolonged, and expired ones are gone', async () => {
    const { id } = await register('default');
    await as('default').post(`/api/webhooks/${id}/secrets`).expect(201);
    const [, old] = (await read('default', id)).secrets;
    await as('default').post(`/api/webhooks/${id}/secrets`).expect(201);
    expect((await read('default', id)).secrets[2]).toEqual(old);
    await scene.sql.query(`UPDATE posthorn.webhook_secret SET expires_at = now() - interval '1 s' WHERE id = $1`, [
      old?.id,
    ]);
    expect((await read('default', id)).secrets).toHaveLength(2);
    expect(await refusal(as('default').delete(`/api/webhooks/${id}/secrets/${old?.id}`))).toMatchObject({
      status: 404,
      code: 'secret_not_found',
    });
  });

  it('retire at once, but never the last one', async () => {
    const { id, secrets } = await register('default');
    const [first] = secrets;
    expect(await refusal(as('default').delete(`/api/webhooks/${id}/secrets/${first?.id}`))).toMatchObject({
      status: 409,
      code: 'last_secret',
    });
    const { body } = (await as('default').post(`/api/webhooks/${id}/secrets`).expect(201)) as { body: { id: string } };
    await as('default').delete(`/api/webhooks/${id}/secrets/${first?.id}`).expect(204);
    expect((await read('default', id)).secrets.map((secret) => secret.id)).toEqual([body.id]);
    await as('default').delete(`/api/webhooks/${id}/secrets/${first?.id}`).expect(404);
  });

  it('retire the newest: the one before it no longer expires', async () => {
    const { id, secrets } = await register('default');
    const { body } = (await as('default').post(`/api/webhooks/${id}/secrets`).expect(201)) as { body: { id: string } };
    await as('default').delete(`/api/webhooks/${id}/secrets/${body.id}`).expect(204);
    expect((await read('default', id)).secrets).toEqual(secrets);
  });

  it('keep one alive however many are retired at the same moment', async () => {
    const { id } = await register('default');
    for (let turn = 0; turn < 3; turn += 1) await as('default').post(`/api/webhooks/${id}/secrets`).expect(201);
    const { secrets } = await read('default', id);
    const answers = await Promise.all(
      secrets.map((secret) => as('default').delete(`/api/webhooks/${id}/secrets/${secret.id}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 204, 204, 409]);
    expect((await read('default', id)).secrets).toEqual([expect.objectContaining({ expiresAt: null })]);
  });

  it('are at most ten', async () => {
    const { id } = await register('default');
    const rotate = () => as('default').post(`/api/webhooks/${id}/secrets`);
    const answers = await Promise.all(Array.from({ length: 12 }, rotate));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(9);
    expect(await refusal(rotate())).toMatchObject({ status: 409, code: 'too_many_secrets' });
  });
});
