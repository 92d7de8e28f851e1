// Custom headers of webhooks, as a client of the API sets them: values go in and never come out.
import { describe, expect, it } from '@jest/globals';
import { SecretBox } from '../../src/kernel/secret-box.js';
import { ENCRYPTION_KEY, refusal, RegistryScene, URL_A } from './registry.harness.js';

const HEADERS = { 'X-Api-Key': 'k-1234-secret', Authorization: 'Basic c2VjcmV0' };

const scene = RegistryScene.forTests();

const box = new SecretBox([Buffer.from(ENCRYPTION_KEY, 'base64')]);

async function stored(id: string): Promise<Buffer | null> {
  const { rows } = await scene.sql.query<{ headers: Buffer | null }>(
    'select headers from posthorn.webhook where id = $1',
    [id],
  );
  return rows[0]?.headers ?? null;
}

const opened = async (id: string): Promise<unknown> => JSON.parse(box.open((await stored(id))!, id));
const patch = (id: string, change: object, tenant = 'default') =>
  scene.as(tenant).patch(`/api/webhooks/${id}`).send(change);

describe('custom headers', () => {
  it('are shown by name alone, everywhere and from the start', async () => {
    const created = await scene
      .as('default')
      .post('/api/webhooks')
      .send({ url: URL_A, events: ['*'], headers: HEADERS });
    expect(created.status).toBe(201);
    const { id } = created.body as { id: string };
    const answers = [
      created,
      await scene.as('default').get(`/api/webhooks/${id}`),
      await scene.as('default').get('/api/webhooks?limit=250'),
      await patch(id, { description: 'x' }),
    ];
    for (const { text } of answers) {
      expect(text).toContain('"headers":["X-Api-Key","Authorization"]');
      for (const value of Object.values(HEADERS)) expect(text).not.toContain(value);
    }
  });

  it('are encrypted at rest, bound to their webhook', async () => {
    const { id } = await scene.register('default', { headers: HEADERS });
    expect((await stored(id))?.toString('latin1')).not.toMatch(/Api-Key|secret/);
    expect(await opened(id)).toEqual(Object.entries(HEADERS));
    expect(() => box.open(Buffer.alloc(0), id)).toThrow();
  });

  it('whose key was lost hide no webhook, and are mended by setting them anew', async () => {
    const { id } = await scene.register('default', { headers: HEADERS });
    await scene.sql.query(`UPDATE posthorn.webhook SET headers = '\\x00' WHERE id = $1`, [id]);
    const shown = await scene.as('default').get(`/api/webhooks/${id}`).expect(200);
    expect(shown.body).toMatchObject({ headers: null });
    await scene.as('default').get('/api/webhooks?limit=250').expect(200);
    const mended = await patch(id, { headers: { 'X-B': 'b' } }).expect(200);
    expect(mended.body).toMatchObject({ headers: ['X-B'] });
  });

  it('stay when another field changes, are replaced as a whole, and removed by null or by none', async () => {
    const { id } = await scene.register('default', { headers: HEADERS });
    await patch(id, { description: 'other' }).expect(200);
    expect(await opened(id)).toEqual(Object.entries(HEADERS));

    const replaced = await patch(id, { headers: { 'X-B': 'b' } }).expect(200);
    expect(replaced.body).toMatchObject({ headers: ['X-B'], description: 'other' });
    expect(await opened(id)).toEqual([['X-B', 'b']]);

    for (const none of [null, {}]) {
      await patch(id, { headers: HEADERS }).expect(200);
      expect((await patch(id, { headers: none }).expect(200)).body).toMatchObject({ headers: [] });
      expect(await stored(id)).toBeNull();
    }
    expect(await scene.register('default', { headers: null })).toMatchObject({ headers: [] });
  });

  it.each([
    ['a reserved name', { 'X-Ok': 'v', 'Webhook-Id': 'v' }, 'The header "Webhook-Id" is reserved.'],
    ['a broken line', { 'X-Split': 'a\r\nX-Evil: b' }, /^The header "X-Split" must have a value of Latin-1/],
    ['a name that is none', { 'a b': 'v' }, /^The header "a b" has a name/],
    ['text', 'X-A: v', 'headers must be a map of names to values.'],
    ['a list', [['X-A', 'v']], 'headers must be a map of names to values.'],
    [
      'a name that objects have',
      { constructor: { name: 'x' } },
      'The header "constructor" must have text as its value.',
    ],
  ])('with %s are refused, and the refusal names it', async (_case, headers, error) => {
    const { id } = await scene.register('default', { headers: HEADERS });
    for (const call of [
      scene
        .as('default')
        .post('/api/webhooks')
        .send({ url: URL_A, events: ['*'], headers }),
      patch(id, { headers }),
    ]) {
      const refused = await refusal(call);
      expect(refused).toMatchObject({ status: 400, code: 'invalid_headers' });
      expect(refused.error).toMatch(error);
    }
    expect(await opened(id)).toEqual(Object.entries(HEADERS));
  });

  it('called __proto__ are headers like others', async () => {
    const sent = await scene
      .as('default')
      .post('/api/webhooks')
      .set('Content-Type', 'application/json')
      .send(`{"url":"${URL_A}","events":["*"],"headers":{"__proto__":"v"}}`);
    expect(sent.body).toMatchObject({ headers: ['__proto__'] });
  });

  it('of a foreign webhook are not to be changed', async () => {
    const { id } = await scene.register('default', { headers: HEADERS });
    expect(await refusal(patch(id, { headers: { host: 'x' } }, 'acme'))).toMatchObject({ status: 404 });
    expect(await refusal(patch(id, { headers: null }, 'acme'))).toMatchObject({ status: 404 });
    expect(await opened(id)).toEqual(Object.entries(HEADERS));
  });
});
