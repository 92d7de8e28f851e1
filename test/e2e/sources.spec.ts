// Sources by the API: what is taken and shown, secrets that change over without a gap on all replicas, and what a source
// may set for itself.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import {
  ADMIN_KEY,
  answerOf,
  api,
  ENCRYPTION_KEY,
  EXACT,
  openScene,
  post,
  startShop,
  stripeEvent,
  stripeHeaders,
} from './receive.harness.js';
import type { Rows, Scene, Shop } from './receive.harness.js';

interface SourceAnswer {
  id: string;
  path: string;
  secrets: { id: string; hint: string; createdAt: string; expiresAt: string | null }[];
}

const SECRET = 'whsec_the-first-of-this-source';
const NEXT = 'whsec_the-second-of-this-source';

let scene: Scene;
let databaseUrl: string;
let rows: Rows;
let shop: Shop;
let replica: Shop;

beforeAll(async () => {
  scene = await openScene();
  ({ databaseUrl, rows, shop } = scene);
  replica = await startShop(databaseUrl);
  for (const id of ['acme', 'other']) await api(shop, 'tenants', { method: 'POST', body: { id, name: id } });
});

afterAll(async () => {
  await replica?.app.close();
  await scene?.close();
});

const newName = (): string => `s-${randomUUID()}`;

async function create(fields: object = {}, tenant?: string): Promise<{ name: string; source: SourceAnswer }> {
  const name = newName();
  const body = { name, provider: 'stripe', secrets: [SECRET], ...fields };
  const answer = await api(shop, 'sources', { method: 'POST', body, ...(tenant && { tenant }) });
  expect(answer).toMatchObject({ status: 201 });
  return { name, source: answer.body as SourceAnswer };
}

const patch = (name: string, body: object) => api(shop, `sources/${name}`, { method: 'PATCH', body });
const read = async (name: string): Promise<SourceAnswer> => (await api(shop, `sources/${name}`)).body as SourceAnswer;

const send = (at: Shop, path: string, secret = SECRET) => {
  const { body } = stripeEvent('source.tried');
  return post(at.url + path, body, stripeHeaders(body, secret));
};

/** Until a replica has forgotten what it knew: it may know a source for a second. */
const seen = (at: Shop, path: string, secret: string, status: number): Promise<unknown> =>
  eventually(async () => (await send(at, path, secret)).status === status, `${path} answers ${status}`);

describe('a source', () => {
  it('is made with its defaults, receives at its path, and shows no secret', async () => {
    const { name, source } = await create();
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
    expect(await read(name)).toEqual(source);
    expect(answerOf(await send(shop, source.path))).toEqual(EXACT.processed);
    expect(answerOf(await send(replica, source.path))).toEqual(EXACT.processed);
    const [stored] = await rows.query<{ ciphertext: Buffer }>(
      'SELECT ciphertext FROM posthorn.source_secret WHERE source_id = $1',
      [source.id],
    );
    expect(stored?.ciphertext.includes(SECRET)).toBe(false);
  });

  it('is one of several of its provider, each with its own path and secrets, in each tenant', async () => {
    const [one, two] = [await create(), await create({ secrets: [NEXT] }, 'acme')];
    expect(two.source.path).toBe(`/webhooks/acme/${two.name}`);
    expect((await send(shop, two.source.path, NEXT)).status).toBe(200);
    expect(answerOf(await send(shop, two.source.path, SECRET))).toEqual(EXACT.invalid);
    expect(answerOf(await send(shop, one.source.path, NEXT))).toEqual(EXACT.invalid);
  });

  it('has a name that is taken once per tenant, whoever asks at the same moment, and free again once it is deleted', async () => {
    const name = newName();
    const make = (tenant: string) =>
      api(shop, 'sources', { method: 'POST', body: { name, provider: 'stripe', secrets: [SECRET] }, tenant });
    const answers = await Promise.all(Array.from({ length: 5 }, () => make('acme')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect((await make('acme')).body).toMatchObject({ code: 'source_exists' });
    expect((await make('other')).status).toBe(201);
    await fetch(`${shop.url}/api/sources/${name}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-tenant': 'acme' },
    });
    expect((await send(shop, `/webhooks/acme/${name}`)).status).toBe(404);
    expect((await send(shop, `/webhooks/other/${name}`)).status).toBe(200);
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
    expect(await api(shop, 'sources', { method: 'POST', body })).toMatchObject({ status: 400, body: { code } });
  });

  it('keeps what a change does not mention, and goes back to a default by null', async () => {
    const { name, source } = await create({ toleranceSeconds: 60, rateLimit: { max: 5, perSeconds: 1 } });
    const settings = {
      processing: 'queued',
      relay: true,
      maxBodyBytes: 1_000,
      readTimeoutMs: 5_000,
      idempotencyWindowSeconds: 3_600,
      silentAfter: '2h',
      allowedIps: ['127.0.0.0/8'],
    };
    expect((await patch(name, settings)).body).toEqual({
      ...source,
      ...settings,
      toleranceSeconds: 60,
      rateLimit: { max: 5, perSeconds: 1 },
      updatedAt: expect.any(String),
    });
    expect((await patch(name, { rateLimit: null, allowedIps: null, toleranceSeconds: null })).body).toMatchObject({
      rateLimit: null,
      allowedIps: null,
      toleranceSeconds: null,
      processing: 'queued',
    });
    expect((await patch(name, { name: 'other' })).status).toBe(400);
    expect((await patch(name, { secrets: ['x'] })).status).toBe(400);
  });

  it('shows that there are tokens in its config, and not which', async () => {
    const { name } = await create({ provider: 'meta', config: { verifyToken: 'only Meta and we know' } });
    const answer = await api(shop, `sources/${name}`);
    expect(answer.body).toMatchObject({ config: { verifyToken: '[secret]' } });
  });

  it('is told, when its config is changed, that its secret cannot be read; a new secret mends it', async () => {
    const { name, source } = await create();
    await rows.query(`UPDATE posthorn.source_secret SET ciphertext = '\\x00' WHERE source_id = $1`, [source.id]);
    const refused = await patch(name, { config: {} });
    expect(refused).toMatchObject({ status: 409, body: { code: 'secret_unreadable' } });
    expect((refused.body as { error: string }).error).toContain('ENCRYPTION_KEY');
    expect(await patch(name, { relay: false })).toMatchObject({ status: 200 });
    const added = await api(shop, `sources/${name}/secrets`, { method: 'POST', body: { secret: NEXT } });
    expect(added).toMatchObject({ status: 201 });
    const retired = await fetch(`${shop.url}/api/sources/${name}/secrets/${source.secrets[0]?.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(retired.status).toBe(204);
    expect(await patch(name, { config: {} })).toMatchObject({ status: 200 });
  });

  it('is not given a config that its provider cannot work with', async () => {
    const { name } = await create({ provider: 'hmac', config: { header: 'X-Signature' } });
    expect(await patch(name, { config: {} })).toMatchObject({ status: 400, body: { code: 'invalid_source' } });
    expect(await patch(name, { config: { header: 'X-Mac' } })).toMatchObject({ status: 200 });
  });
});

describe('secrets of a source', () => {
  const secretsOf = async (name: string) => (await read(name)).secrets;
  const add = (name: string, body: object) => api(shop, `sources/${name}/secrets`, { method: 'POST', body });
  const retire = (name: string, id = '') =>
    fetch(`${shop.url}/api/sources/${name}/secrets/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });

  it('rotate without a gap: both hold on every replica until the old one ends', async () => {
    const { name, source } = await create();
    expect((await send(replica, source.path)).status).toBe(200);
    const added = await add(name, { secret: NEXT });
    expect(added).toMatchObject({ status: 201, body: { hint: '…urce', expiresAt: null } });
    expect(JSON.stringify(added.body)).not.toContain(NEXT);

    expect((await send(shop, source.path, NEXT)).status).toBe(200);
    await seen(replica, source.path, NEXT, 200);
    expect((await send(shop, source.path, SECRET)).status).toBe(200);
    expect((await send(replica, source.path, SECRET)).status).toBe(200);
    const [newest, oldest] = await secretsOf(name);
    expect(newest?.expiresAt).toBeNull();
    expect(Date.parse(oldest?.expiresAt ?? '') - Date.now()).toBeGreaterThan(86_300_000);

    await rows.query('UPDATE posthorn.source_secret SET expires_at = now() WHERE id = $1', [oldest?.id]);
    await seen(replica, source.path, SECRET, 401);
    expect((await send(replica, source.path, NEXT)).status).toBe(200);
    expect(await secretsOf(name)).toHaveLength(1);
  });

  it('stand side by side for good where that is asked for, and can end at once', async () => {
    const { name, source } = await create();
    await add(name, { secret: NEXT, expireOthersAfter: null });
    expect((await secretsOf(name)).map(({ expiresAt }) => expiresAt)).toEqual([null, null]);
    await add(name, { secret: 'whsec_third', expireOthersAfter: '0s' });
    expect((await send(shop, source.path, SECRET)).status).toBe(401);
    expect((await send(shop, source.path, 'whsec_third')).status).toBe(200);
  });

  it('are retired at once, down to the last, which then lives on', async () => {
    const { name, source } = await create();
    await add(name, { secret: NEXT });
    const [newest] = await secretsOf(name);
    expect((await retire(name, newest?.id)).status).toBe(204);
    expect((await send(shop, source.path, NEXT)).status).toBe(401);
    expect((await send(shop, source.path, SECRET)).status).toBe(200);
    const [left] = await secretsOf(name);
    expect(left?.expiresAt).toBeNull();
    expect((await retire(name, left?.id)).status).toBe(409);
    expect((await retire(name, newest?.id)).status).toBe(404);
  });

  it('are at most ten', async () => {
    const { name } = await create({ secrets: Array.from({ length: 10 }, (_, at) => `whsec_number-${at}`) });
    expect(await add(name, { secret: NEXT })).toMatchObject({ status: 409, body: { code: 'too_many_secrets' } });
  });
});

describe('what a source sets for itself', () => {
  it('is its largest body, cut while it comes', async () => {
    const { source } = await create({ maxBodyBytes: 64 });
    expect((await send(shop, source.path)).status).toBe(413);
  });

  it('is how long a body may take', async () => {
    const { source } = await create({ readTimeoutMs: 100 });
    const outgoing = request(shop.url + source.path, { method: 'POST', headers: { 'content-length': 100 } });
    outgoing.write('{');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(408);
    outgoing.destroy();
  });

  it('is its answer when all is well, for copies too, and for nothing else', async () => {
    const { source } = await create({ answer: { status: 201, contentType: 'text/xml', body: '<Response/>' } });
    const { body } = stripeEvent('source.tried');
    for (let copy = 0; copy < 2; copy += 1) {
      const answer = await fetch(shop.url + source.path, {
        method: 'POST',
        body,
        headers: stripeHeaders(body, SECRET),
      });
      expect(answer.headers.get('content-type')).toMatch(/^text\/xml/);
      expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 201, body: '<Response/>' });
    }
    expect(answerOf(await send(shop, source.path, NEXT))).toEqual(EXACT.invalid);
  });

  it('is how far clocks may be apart', async () => {
    const { name, source } = await create({ toleranceSeconds: 60 });
    const { body } = stripeEvent('source.tried');
    const late = () =>
      post(shop.url + source.path, body, stripeHeaders(body, SECRET, Math.floor(Date.now() / 1_000) - 200));
    expect((await late()).status).toBe(401);
    await patch(name, { toleranceSeconds: null });
    expect((await late()).status).toBe(200);
  });
});

describe('limits of a source', () => {
  it('turn away what is over the rate before any signature is checked, and let through again', async () => {
    const { name, source } = await create({ rateLimit: { max: 3, perSeconds: 3_600 } });
    const statuses: number[] = [];
    for (const secret of [NEXT, NEXT, SECRET, SECRET]) statuses.push((await send(shop, source.path, secret)).status);
    expect(statuses).toEqual([401, 401, 200, 429]);
    const refused = await send(shop, source.path);
    expect(answerOf(refused)).toEqual({ status: 429, body: { error: 'Too many requests' } });
    expect(refused.headers.get('retry-after')).toBe('1200');
    await patch(name, { rateLimit: { max: 100_000, perSeconds: 1 } });
    await seen(shop, source.path, SECRET, 200);
  });

  it('hold for handshakes too, which each source answers for itself', async () => {
    const meta = { provider: 'meta', secrets: ['app secret'] };
    const limited = await create({
      ...meta,
      config: { verifyToken: 'mine' },
      rateLimit: { max: 1, perSeconds: 3_600 },
    });
    const other = await create({ ...meta, config: { verifyToken: 'theirs' } });
    const ask = async ({ source }: { source: SourceAnswer }): Promise<number> => {
      const query = 'hub.mode=subscribe&hub.challenge=42&hub.verify_token=mine';
      const response = await fetch(`${shop.url}${source.path}?${query}`);
      await response.text();
      return response.status;
    };
    expect([await ask(limited), await ask(limited), await ask(other)]).toEqual([200, 429, 401]);
  });

  it('let nobody in from another address, and tell them nothing of it', async () => {
    const { name, source } = await create({ allowedIps: ['10.1.2.0/24', '::1/128'] });
    expect(answerOf(await send(shop, source.path))).toEqual(EXACT.invalid);
    await patch(name, { allowedIps: ['127.0.0.0/8'] });
    expect(answerOf(await send(shop, source.path))).toEqual(EXACT.processed);
  });

  it('know a sender behind a proxy by what the proxy wrote, not by what the sender did', async () => {
    const { source } = await create({ allowedIps: ['203.0.113.0/24'] });
    const server = await startTestServer({ databaseUrl, encryptionKey: ENCRYPTION_KEY, trustProxy: true });
    const from = async (forwarded: string): Promise<number> => {
      const { body } = stripeEvent('source.tried');
      const headers = { ...stripeHeaders(body, SECRET), 'x-forwarded-for': forwarded };
      return (await post(server.url + source.path, body, headers)).status;
    };
    expect(await from('198.51.100.1, 203.0.113.7')).toBe(200);
    expect(await from('203.0.113.7, 198.51.100.1')).toBe(401);
    await server.close();
  });
});
