// Sources by the API: what is taken and shown, and what a source may set for itself.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { ADMIN_KEY, api, startShop } from './receive.harness.js';
import type { Shop } from './receive.harness.js';
import { answerOf, EXACT, post, stripeEvent, stripeHeaders } from './sender.harness.js';
import { newName, NEXT, SECRET, SourceScene } from './sources.harness.js';

const scene = SourceScene.forTests();
let replica: Shop;

beforeAll(async () => {
  replica = await startShop(scene.databaseUrl);
  for (const id of ['acme', 'other']) await api(scene.shop, 'tenants', { method: 'POST', body: { id, name: id } });
});
afterAll(() => replica?.app.close());

describe('a source', () => {
  it('is made with its defaults, receives at its path, and shows no secret', async () => {
    const { name, source } = await scene.create();
    expect(source).toEqual({
      id: expect.any(String),
      name,
      provider: 'stripe',
      path: `/webhooks/${name}`,
      config: {},
      processing: 'inline',
      relay: false,
      toleranceSeconds: null,
      maxBodyBytes: null,
      readTimeoutMs: null,
      idempotencyWindowSeconds: null,
      silentAfter: null,
      rateLimit: null,
      allowedIps: null,
      answer: null,
      secrets: [{ id: expect.any(String), hint: '…urce', createdAt: expect.any(String), expiresAt: null }],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect(await scene.read(name)).toEqual(source);
    expect(answerOf(await scene.send(source.path))).toEqual(EXACT.processed);
    expect(answerOf(await scene.send(source.path, SECRET, replica))).toEqual(EXACT.processed);
    const [stored] = await scene.rows.query<{ ciphertext: Buffer }>(
      'SELECT ciphertext FROM posthorn.source_secret WHERE source_id = $1',
      [source.id],
    );
    expect(stored?.ciphertext.includes(SECRET)).toBe(false);
  });

  it('is one of several of its provider, each with its own path and secrets, in each tenant', async () => {
    const [one, two] = [await scene.create(), await scene.create({ secrets: [NEXT] }, 'acme')];
    expect(two.source.path).toBe(`/webhooks/acme/${two.name}`);
    expect((await scene.send(two.source.path, NEXT)).status).toBe(200);
    expect(answerOf(await scene.send(two.source.path, SECRET))).toEqual(EXACT.invalid);
    expect(answerOf(await scene.send(one.source.path, NEXT))).toEqual(EXACT.invalid);
  });

  it('has a name that is taken once per tenant, whoever asks at the same moment, and free again once it is deleted', async () => {
    const name = newName();
    const make = (tenant: string) =>
      api(scene.shop, 'sources', { method: 'POST', body: { name, provider: 'stripe', secrets: [SECRET] }, tenant });
    const answers = await Promise.all(Array.from({ length: 5 }, () => make('acme')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect((await make('acme')).body).toMatchObject({ code: 'source_exists' });
    expect((await make('other')).status).toBe(201);
    await fetch(`${scene.shop.url}/api/sources/${name}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-tenant': 'acme' },
    });
    expect((await scene.send(`/webhooks/acme/${name}`)).status).toBe(404);
    expect((await scene.send(`/webhooks/other/${name}`)).status).toBe(200);
    expect((await make('acme')).status).toBe(201);
  });

  it.each([
    [{ provider: 'nobody' }, 'unknown_provider'],
    [{ provider: 'hmac' }, 'invalid_source'],
    [{ provider: 'standard-webhooks', secrets: ['not base64!'] }, 'invalid_source'],
    [{ name: 'A' }, 'validation_failed'],
    [{ secrets: [] }, 'validation_failed'],
    [{ secrets: [''] }, 'validation_failed'],
    [{ secrets: Array.from({ length: 11 }, (_, at) => `s${at}`) }, 'validation_failed'],
    [{ config: { url: { a: 1 } } }, 'validation_failed'],
    [{ config: { verifyToken: '[secret]' } }, 'validation_failed'],
    [{ maxBodyBytes: 0 }, 'validation_failed'],
    [{ toleranceSeconds: 1.5 }, 'validation_failed'],
    [{ idempotencyWindowSeconds: 59 }, 'validation_failed'],
    [{ silentAfter: '59s' }, 'validation_failed'],
    [{ silentAfter: 7_200 }, 'validation_failed'],
    [{ silentAfter: '31d' }, 'validation_failed'],
    [{ silentAfter: '1x' }, 'validation_failed'],
    [{ silentAfter: '101x' }, 'validation_failed'],
    [{ silentAfter: '5.5x' }, 'validation_failed'],
    [{ allowedIps: ['10.1.0.0/8'] }, 'validation_failed'],
    [{ rateLimit: { max: 0, perSeconds: 1 } }, 'validation_failed'],
    [{ answer: { contentType: 'text/html' } }, 'validation_failed'],
    [{ answer: { contentType: 'text/plain\r\nX-Evil: 1' } }, 'validation_failed'],
    [{ answer: { status: 302 } }, 'validation_failed'],
    [{ tenantId: 'acme' }, 'validation_failed'],
  ])('is refused with %j', async (fields, code) => {
    const body = { name: newName(), provider: 'stripe', secrets: [SECRET], ...fields };
    expect(await api(scene.shop, 'sources', { method: 'POST', body })).toMatchObject({ status: 400, body: { code } });
  });

  it('keeps what a change does not mention, and goes back to a default by null', async () => {
    const { name, source } = await scene.create({ toleranceSeconds: 60, rateLimit: { max: 5, perSeconds: 1 } });
    const settings = {
      processing: 'queued',
      relay: true,
      maxBodyBytes: 1_000,
      readTimeoutMs: 5_000,
      idempotencyWindowSeconds: 3_600,
      silentAfter: '2h',
      allowedIps: ['127.0.0.0/8'],
    };
    expect((await scene.patch(name, settings)).body).toEqual({
      ...source,
      ...settings,
      toleranceSeconds: 60,
      rateLimit: { max: 5, perSeconds: 1 },
      updatedAt: expect.any(String),
    });
    const defaults = { rateLimit: null, allowedIps: null, toleranceSeconds: null };
    expect((await scene.patch(name, defaults)).body).toMatchObject({ ...defaults, processing: 'queued' });
    expect((await scene.patch(name, { name: 'other' })).status).toBe(400);
    expect((await scene.patch(name, { secrets: ['x'] })).status).toBe(400);
  });

  it('shows that there are tokens in its config, and not which', async () => {
    const { name } = await scene.create({ provider: 'meta', config: { verifyToken: 'only Meta and we know' } });
    const answer = await api(scene.shop, `sources/${name}`);
    expect(answer.body).toMatchObject({ config: { verifyToken: '[secret]' } });
  });

  it('is told, when its config is changed, that its secret cannot be read; a new secret mends it', async () => {
    const { name, source } = await scene.create();
    await scene.rows.query(`UPDATE posthorn.source_secret SET ciphertext = '\\x00' WHERE source_id = $1`, [source.id]);
    const refused = await scene.patch(name, { config: {} });
    expect(refused).toMatchObject({ status: 409, body: { code: 'secret_unreadable' } });
    expect((refused.body as { error: string }).error).toContain('ENCRYPTION_KEY');
    expect(await scene.patch(name, { relay: false })).toMatchObject({ status: 200 });
    expect(await scene.addSecret(name, { secret: NEXT })).toMatchObject({ status: 201 });
    expect(await scene.retireSecret(name, source.secrets[0]?.id)).toBe(204);
    expect(await scene.patch(name, { config: {} })).toMatchObject({ status: 200 });
  });

  it('is not given a config that its provider cannot work with', async () => {
    const { name } = await scene.create({ provider: 'hmac', config: { header: 'X-Signature' } });
    expect(await scene.patch(name, { config: {} })).toMatchObject({ status: 400, body: { code: 'invalid_source' } });
    expect(await scene.patch(name, { config: { header: 'X-Mac' } })).toMatchObject({ status: 200 });
  });
});

describe('what a source sets for itself', () => {
  it('is its largest body, cut while it comes', async () => {
    const { source } = await scene.create({ maxBodyBytes: 64 });
    expect((await scene.send(source.path)).status).toBe(413);
  });

  it('is how long a body may take', async () => {
    const { source } = await scene.create({ readTimeoutMs: 100 });
    const outgoing = request(scene.shop.url + source.path, { method: 'POST', headers: { 'content-length': 100 } });
    outgoing.write('{');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(408);
    outgoing.destroy();
  });

  it('is its answer when all is well, for copies too, and for nothing else', async () => {
    const { source } = await scene.create({ answer: { status: 201, contentType: 'text/xml', body: '<Response/>' } });
    const { body } = stripeEvent('source.tried');
    for (let copy = 0; copy < 2; copy += 1) {
      const answer = await fetch(scene.shop.url + source.path, {
        method: 'POST',
        body,
        headers: stripeHeaders(body, SECRET),
      });
      expect(answer.headers.get('content-type')).toMatch(/^text\/xml/);
      expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 201, body: '<Response/>' });
    }
    expect(answerOf(await scene.send(source.path, NEXT))).toEqual(EXACT.invalid);
  });

  it('is how far clocks may be apart', async () => {
    const { name, source } = await scene.create({ toleranceSeconds: 60 });
    const { body } = stripeEvent('source.tried');
    const late = () =>
      post(scene.shop.url + source.path, body, stripeHeaders(body, SECRET, Math.floor(Date.now() / 1_000) - 200));
    expect((await late()).status).toBe(401);
    await scene.patch(name, { toleranceSeconds: null });
    expect((await late()).status).toBe(200);
  });
});
