// Registering webhooks, as a client of the API meets it.
import { describe, expect, it } from '@jest/globals';
import { SecretBox } from '../../src/kernel/secret-box.js';
import { ENCRYPTION_KEY, refusal, RegistryScene, UNKNOWN_ID, URL_A } from './registry.harness.js';
import type { WebhookAnswer } from './registry.harness.js';

const scene = RegistryScene.forTests();
const { as, register, read } = scene;

describe('registering a webhook', () => {
  it('answers exactly the documented shape', async () => {
    const webhook = await register('default', { description: 'ERP', timeoutMs: 5000, retrySchedule: ['1s', '90s'] });
    expect(webhook).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      url: URL_A,
      events: ['order.completed'],
      active: true,
      disabledReason: null,
      description: 'ERP',
      format: 'native',
      headers: [],
      authentication: null,
      transformation: null,
      maxInFlight: null,
      rateLimit: null,
      ordered: false,
      expiresAfter: null,
      filter: null,
      guarantee: 'at-least-once',
      timeoutMs: 5000,
      retrySchedule: ['1s', '90s'],
      retryJitter: null,
      maxRetryWaitMs: null,
      retryStatuses: null,
      autoDisable: null,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      secrets: [
        {
          id: expect.any(String),
          hint: `…${webhook.secret.slice(-4)}`,
          createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
          expiresAt: null,
          signatureScheme: 'hmac',
          publicKey: null,
        },
      ],
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('shows the secret once and never again', async () => {
    const { id, secret } = await register('default');
    const bytes = secret.slice('whsec_'.length);
    for (const call of [
      as('default').get(`/api/webhooks/${id}`),
      as('default').get('/api/webhooks?limit=250'),
      as('default').patch(`/api/webhooks/${id}`).send({ description: 'x' }),
      as('default').post(`/api/webhooks/${id}/disable`),
    ]) {
      const answer = await call;
      expect(answer.status).toBeLessThan(300);
      expect(answer.text).not.toContain(bytes);
      expect(answer.text).not.toContain('"secret":');
    }
  });

  it('stores the secret encrypted, bound to its row', async () => {
    const { id, secret } = await register('default');
    const { rows } = await scene.sql.query<{ id: string; ciphertext: Buffer; hint: string }>(
      'SELECT id, ciphertext, hint FROM posthorn.webhook_secret WHERE webhook_id = $1',
      [id],
    );
    const [row] = rows;
    expect(row?.ciphertext.includes(Buffer.from(secret))).toBe(false);
    const box = new SecretBox([Buffer.from(ENCRYPTION_KEY, 'base64')]);
    expect(box.open(row!.ciphertext, row!.id)).toBe(secret);
    expect(() => box.open(row!.ciphertext, id)).toThrow();
  });

  it.each([
    ['Invalid URL', 'invalid_url', ['', 'not a url', '/hooks', 'https://', 'https:\\\\example.com']],
    ['HTTPS required', 'https_required', ['http://93.184.215.14/', 'ftp://93.184.215.14/', 'javascript:alert(1)']],
    [
      'URL not allowed',
      'url_not_allowed',
      [
        'https://localhost/',
        'https://127.0.0.1/',
        'https://[::1]/',
        'https://2130706433/',
        'https://10.0.0.1/',
        'https://169.254.169.254/latest',
        'https://db.internal/',
        'https://user:pass@93.184.215.14/',
        'https://93.184.215.14/#x',
      ],
    ],
  ])('refuses URLs with %s', async (error, code, urls) => {
    const { id } = await register('default');
    for (const url of urls) {
      const expected = { status: 400, error, code };
      expect(
        await refusal(
          as('default')
            .post('/api/webhooks')
            .send({ url, events: ['a'] }),
        ),
      ).toMatchObject(expected);
      expect(await refusal(as('default').patch(`/api/webhooks/${id}`).send({ url }))).toMatchObject(expected);
    }
    expect((await read('default', id)).url).toBe(URL_A);
  });

  it.each([
    ['no events', { events: [] }],
    ['events that are no list', { events: 'order.completed' }],
    ['an event that is no text', { events: [1] }],
    ['an empty event', { events: [''] }],
    ['a pattern in the middle', { events: ['a.*.b'] }],
    ['a double star', { events: ['**'] }],
    ['an event of 129 characters', { events: ['a'.repeat(129)] }],
    ['101 events', { events: Array.from({ length: 101 }, (_, index) => `e${index}`) }],
    ['a URL that is no text', { url: 5 }],
    ['a null URL', { url: null }],
    ['a description of 501 characters', { description: 'x'.repeat(501) }],
    ['NUL in the description', { description: 'a\0b' }],
    ['an unpaired surrogate in the description', { description: 'a\ud800b' }],
    ['a timeout of 99 ms', { timeoutMs: 99 }],
    ['a timeout of 120001 ms', { timeoutMs: 120_001 }],
    ['a timeout that is no whole number', { timeoutMs: 100.5 }],
    ['a timeout as text', { timeoutMs: '500' }],
    ['a schedule of an unknown name', { retrySchedule: 'sometimes' }],
    ['a schedule named like a property of every object', { retrySchedule: 'constructor' }],
    ['a schedule of numbers', { retrySchedule: [1, 2] }],
    ['a schedule of no durations', { retrySchedule: ['soon'] }],
    ['a wait of 8 days', { retrySchedule: ['8d'] }],
    ['101 waits', { retrySchedule: Array.from({ length: 101 }, () => '1s') }],
    ['a jitter above 1', { retryJitter: 1.01 }],
    ['a jitter below 0', { retryJitter: -0.1 }],
    ['a jitter as text', { retryJitter: '0.2' }],
    ['a longest wait of 99 ms', { maxRetryWaitMs: 99 }],
    ['a longest wait over 7 days', { maxRetryWaitMs: 604_800_001 }],
    ['a success among the retried statuses', { retryStatuses: ['200', '5xx'] }],
    ['retried statuses that are numbers', { retryStatuses: [404] }],
    ['retried statuses that are no list', { retryStatuses: '5xx' }],
    ['retried statuses that only take out', { retryStatuses: ['!501'] }],
    ['automatic disabling as true', { autoDisable: true }],
    ['automatic disabling without a count', { autoDisable: { after: '5d' } }],
    ['automatic disabling with a surplus field', { autoDisable: { after: '5d', attempts: 5, hours: 1 } }],
    ['automatic disabling after no duration', { autoDisable: { after: 'soon', attempts: 5 } }],
    ['automatic disabling after two durations', { autoDisable: { after: '5d,3', attempts: 5 } }],
    ['automatic disabling after no attempt', { autoDisable: { after: '5d', attempts: 0 } }],
    ['active as text', { active: 'yes' }],
  ])('refuses %s, at registration and in a PATCH', async (_what, fields) => {
    const expected = { status: 400, code: 'validation_failed', details: [expect.any(String)] };
    const body = { url: URL_A, events: ['a'], ...fields };
    expect(await refusal(as('default').post('/api/webhooks').send(body))).toMatchObject(expected);
    const { id } = await register('default');
    expect(await refusal(as('default').patch(`/api/webhooks/${id}`).send(fields))).toMatchObject(expected);
  });

  it('refuses a schedule that would outlast its own log', async () => {
    const retrySchedule = ['7d', '7d', '7d', '7d', '2d'];
    const expected = { status: 400, code: 'retry_schedule_too_long' };
    const body = { url: URL_A, events: ['a'], retrySchedule };
    expect(await refusal(as('default').post('/api/webhooks').send(body))).toMatchObject(expected);
    const { id } = await register('default', { retrySchedule: ['7d', '7d', '7d', '7d', '1d'] });
    expect(await refusal(as('default').patch(`/api/webhooks/${id}`).send({ retrySchedule }))).toMatchObject(expected);
  });

  it('answers a policy as it was written, and the default again after null', async () => {
    const policy = {
      timeoutMs: 5_000,
      retrySchedule: ['90s'],
      retryJitter: 0.25,
      maxRetryWaitMs: 604_800_000,
      retryStatuses: ['default', '404', '!501', '520-526'],
      autoDisable: { after: '36h', attempts: 7 },
    };
    const { id, ...webhook } = await register('default', policy);
    expect(webhook).toMatchObject(policy);
    const patch = async (change: object) =>
      (await as('default').patch(`/api/webhooks/${id}`).send(change).expect(200)).body as WebhookAnswer;
    expect(await patch({ autoDisable: false, retryJitter: 0 })).toMatchObject({
      ...policy,
      autoDisable: false,
      retryJitter: 0,
    });
    const none = Object.fromEntries(Object.keys(policy).map((name) => [name, null]));
    expect(await patch(none)).toMatchObject(none);
  });

  it('takes limits at their edge, and folds duplicates', async () => {
    const webhook = await register('default', {
      events: ['b', 'a.*', 'b', '*'],
      description: '😀'.repeat(500),
      timeoutMs: 100,
      retrySchedule: 'standard',
    });
    expect(webhook.events).toEqual(['b', 'a.*', '*']);
    expect(webhook.retrySchedule).toEqual(['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '1d']);
    expect((await register('default', { retrySchedule: [] })).retrySchedule).toEqual([]);
    expect((await register('default', { events: ['posthorn.webhook.failing'] })).active).toBe(true);
  });

  it('refuses fields that are not the client’s to set', async () => {
    const { id } = await register('default');
    const before = await read('default', id);
    for (const [name, value] of Object.entries({
      id: UNKNOWN_ID,
      tenantId: 'acme',
      tenant: { id: 'acme' },
      secret: 'whsec_x',
      secrets: [],
      createdAt: '2020-01-01T00:00:00Z',
      updatedAt: '2020-01-01T00:00:00Z',
      deletedAt: null,
      disabledReason: null,
      patterns: ['*'],
      constructor: {},
      nonsense: 1,
    })) {
      const expected = { status: 400, code: 'validation_failed', details: [expect.stringContaining(name)] };
      const body = { url: URL_A, events: ['a'], [name]: value };
      expect(await refusal(as('default').post('/api/webhooks').send(body))).toMatchObject(expected);
      expect(
        await refusal(
          as('default')
            .patch(`/api/webhooks/${id}`)
            .send({ [name]: value }),
        ),
      ).toMatchObject(expected);
    }
    for (const path of ['enable', 'disable', 'secrets'])
      expect(await refusal(as('default').post(`/api/webhooks/${id}/${path}`).send({ secret: 'x' }))).toMatchObject({
        status: 400,
      });
    const raw = `{"url":"${URL_A}","events":["a"],"__proto__":{"active":false}}`;
    expect(await refusal(as('default').post('/api/webhooks').type('json').send(raw))).toMatchObject({ status: 400 });
    expect(await read('default', id)).toEqual(before);
  });
});
