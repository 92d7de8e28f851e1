// No tenant reads, changes, counts or lists what is another’s; and how tenants and lists are read at all.
import { describe, expect, it } from '@jest/globals';
import { refusal, RegistryScene, routesOf, UNKNOWN_ID } from './registry.harness.js';
import type { WebhookAnswer } from './registry.harness.js';

const { as, register, read } = RegistryScene.forTests();

describe('tenants', () => {
  it('are closed to each other: every route answers a foreign id like one that does not exist', async () => {
    const foreign = await register('acme');
    const before = await read('acme', foreign.id);
    for (const [index, [method, path]] of routesOf(foreign.id, foreign.secrets[0]?.id).entries()) {
      const unknown = routesOf(UNKNOWN_ID, foreign.secrets[0]?.id)[index]?.[1] ?? '';
      const theirs = await refusal(as('default')[method](path));
      const nobodys = await refusal(as('default')[method](unknown));
      expect(theirs).toEqual({
        status: 404,
        code: 'webhook_not_found',
        error: 'No such webhook.',
        requestId: expect.any(String),
      });
      expect({ ...theirs, requestId: '' }).toEqual({ ...nobodys, requestId: '' });
    }
    expect(await read('acme', foreign.id)).toEqual(before);
  });

  it('do not retire each other’s secrets through a webhook of their own', async () => {
    const [own, foreign] = [await register('default'), await register('acme')];
    await as('default').post(`/api/webhooks/${own.id}/secrets`).expect(201);
    const path = `/api/webhooks/${own.id}/secrets/${foreign.secrets[0]?.id}`;
    expect(await refusal(as('default').delete(path))).toMatchObject({ status: 404, code: 'secret_not_found' });
    expect((await read('acme', foreign.id)).secrets).toHaveLength(1);
  });

  it('are closed to each other’s sources, though both may use one name', async () => {
    const source = { name: 'theirs', provider: 'github', secrets: ['a secret of acme'] };
    const { body: made } = (await as('acme').post('/api/sources').send(source).expect(201)) as {
      body: { secrets: { id: string }[] };
    };
    const secret = `/api/sources/theirs/secrets/${made.secrets[0]?.id}`;
    for (const call of [
      as('default').get('/api/sources/theirs'),
      as('default').get('/api/sources/theirs/rejections'),
      as('default').patch('/api/sources/theirs').send({ relay: true }),
      as('default').delete('/api/sources/theirs'),
      as('default').post('/api/sources/theirs/secrets').send({ secret: 'mine' }),
      as('default').delete(secret),
    ])
      expect(await refusal(call)).toMatchObject({ status: 404, code: 'source_not_found' });
    await as('default').post('/api/sources').send(source).expect(201);
    expect(await refusal(as('default').delete(secret))).toMatchObject({ status: 404, code: 'secret_not_found' });
    expect((await as('acme').get('/api/sources/theirs').expect(200)).body).toEqual(made);
    expect((await as('acme').get('/api/sources').expect(200)).body).toEqual({ data: [made], nextCursor: null });
  });

  it('see only their own lists, with a foreign cursor too', async () => {
    const mine = [await register('acme'), await register('acme')];
    const theirs = await register('default');
    const page = await as('acme').get('/api/webhooks?limit=1').expect(200);
    const { nextCursor } = page.body as { nextCursor: string };
    const foreign = await as('default').get(`/api/webhooks?limit=250&cursor=${nextCursor}`).expect(200);
    for (const { id } of mine) expect(foreign.text).not.toContain(id);
    expect((await as('acme').get('/api/webhooks?limit=250').expect(200)).text).not.toContain(theirs.id);
  });

  it('are made once, also when asked at the same moment', async () => {
    const make = () => as('default').post('/api/tenants').send({ id: 'twice', name: 'Twice' });
    const answers = await Promise.all(Array.from({ length: 5 }, make));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(await refusal(make())).toMatchObject({ status: 409, code: 'tenant_exists' });
    for (const id of ['', 'Acme', '-a', 'a b', 'a'.repeat(64), '../a', 'ä'])
      expect(await refusal(as('default').post('/api/tenants').send({ id, name: 'x' }))).toMatchObject({ status: 400 });
  });

  it('are listed newest first, page by page', async () => {
    for (const id of ['t1', 't2', 't3']) await as('default').post('/api/tenants').send({ id, name: id }).expect(201);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = (await as('default')
        .get(`/api/tenants?limit=2${cursor && `&cursor=${cursor}`}`)
        .expect(200)) as {
        body: { data: { id: string }[]; nextCursor: string | null };
      };
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor ?? '';
    } while (cursor);
    expect(seen.slice(0, 3)).toEqual(['t3', 't2', 't1']);
    expect(seen.at(-1)).toBe('default');
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each(['nobody', 'ACME', 'a/b', 'acme, default', 'x'.repeat(5000)])('refuse an X-Tenant of %s', async (tenant) => {
    expect(await refusal(as(tenant).get('/api/webhooks'))).toMatchObject({ status: 404, code: 'tenant_not_found' });
  });
});

describe('lists', () => {
  it('neither skip nor repeat while rows are inserted', async () => {
    await as('default').post('/api/tenants').send({ id: 'paging', name: 'Paging' }).expect(201);
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) made.unshift((await register('paging')).id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/api/webhooks?limit=3${cursor && `&cursor=${cursor}`}`;
      const { body } = (await as('paging').get(path).expect(200)) as {
        body: { data: WebhookAnswer[]; nextCursor: string | null };
      };
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
      await register('paging');
    }
    expect(seen).toEqual(made);
  });

  it('end with a null cursor, also when the last page is full', async () => {
    await as('default').post('/api/tenants').send({ id: 'full', name: 'Full' }).expect(201);
    for (let index = 0; index < 2; index += 1) await register('full');
    const page = await as('full').get('/api/webhooks?limit=2').expect(200);
    expect(page.body).toEqual({ data: [expect.anything(), expect.anything()], nextCursor: null });
  });

  it.each([
    'limit=0',
    'limit=251',
    'limit=-1',
    'limit=1.5',
    'limit=1e2',
    'limit=abc',
    'limit=',
    'limit=9223372036854775808',
    'limit=1&limit=2',
    'cursor=a&cursor=b',
    'limit[]=1',
    'tenantId=acme',
    'page=2',
    '__proto__=1',
    'constructor=1',
  ])('refuse ?%s', async (query) => {
    expect(await refusal(as('default').get(`/api/webhooks?${query}`))).toMatchObject({
      status: 400,
      code: 'validation_failed',
      details: [expect.any(String)],
    });
  });

  it.each([
    '',
    'x',
    'AAAA',
    Buffer.from('1 OR 1=1').toString('base64url'),
    `${Buffer.from(UNKNOWN_ID).toString('base64')}=`,
  ])('refuse the cursor %s', async (cursor) => {
    expect(await refusal(as('default').get(`/api/webhooks?cursor=${encodeURIComponent(cursor)}`))).toMatchObject({
      status: 400,
      code: 'invalid_cursor',
    });
  });
});
