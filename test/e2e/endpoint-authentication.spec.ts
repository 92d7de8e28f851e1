// How requests are authenticated beside signatures: what receivers see, what is refused, and that no secret of it is shown anywhere.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DeliveryScene } from './delivery.harness.js';
import { told } from './endpoint-authentication.harness.js';

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterEach(() => scene.closeReceivers());
afterAll(() => scene?.close());

const patch = (id: string, body: object) => scene.server.api('PATCH', `/api/webhooks/${id}`, body);
const get = (id: string) => scene.server.api('GET', `/api/webhooks/${id}`);

const BASIC = { type: 'basic', username: 'schöne', password: 'grüße:2' };

describe('basic', () => {
  it('is the header of every attempt, in UTF-8, and shown without the password', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers(500);
    const target = await scene.target(receiver.url, { authentication: BASIC });
    const id = await target.send();
    const expected = `Basic ${Buffer.from('schöne:grüße:2').toString('base64')}`;
    for (const number of ['1', '2']) {
      const { headers } = await receiver.next();
      expect(headers).toMatchObject({ authorization: expected, 'x-webhook-attempt': number });
    }
    const delivery = await scene.settled(id);
    expect(delivery.attempts.map(({ request }) => request.headers.Authorization)).toEqual(['[masked]', '[masked]']);
    expect((await get(target.webhookId)).body).toMatchObject({ authentication: { type: 'basic', username: 'schöne' } });
    const everything = await told(scene, target.webhookId, delivery);
    expect(everything).not.toContain('grüße:2');
    expect(everything).not.toContain(expected.slice('Basic '.length));
  });
});

describe('bearer', () => {
  it('is what the webhook has now, on a retry too, and null takes it away', async () => {
    const receiver = await scene.receiver(500);
    const authentication = { type: 'bearer', token: 'the-first.token' };
    const target = await scene.target(receiver.url, { authentication, retrySchedule: ['1h', '1h'] });
    const id = await target.send();
    expect((await receiver.next()).headers.authorization).toBe('Bearer the-first.token');
    await scene.becomes(id, 'retrying');
    const changed = await patch(target.webhookId, { authentication: { type: 'bearer', token: 'the-next.token' } });
    expect(changed).toMatchObject({ status: 200, body: { authentication: { type: 'bearer' } } });
    await scene.retry(id);
    expect((await receiver.next()).headers.authorization).toBe('Bearer the-next.token');
    await scene.becomes(id, 'retrying');
    expect((await patch(target.webhookId, { description: 'left alone' })).body.authentication).toEqual({
      type: 'bearer',
    });
    expect((await patch(target.webhookId, { authentication: null })).body.authentication).toBeNull();
    await scene.retry(id);
    expect((await receiver.next()).headers).not.toHaveProperty('authorization');
    expect(await told(scene, target.webhookId)).not.toMatch(/the-(first|next)\.token/);
  });
});

describe('a refusal', () => {
  const OAUTH2 = { type: 'oauth2', tokenUrl: 'http://127.0.0.1:9/token', clientId: 'us', clientSecret: 'c-secret' };

  it.each<[string, unknown, string]>([
    ['no object', 'basic', 'authentication must be an object.'],
    ['a list', [BASIC], 'authentication must be an object.'],
    ['no type', {}, 'authentication.type must be one of basic, bearer, oauth2, mtls, tls.'],
    ['a type of every object', { type: 'constructor' }, 'authentication.type must be one of'],
    ['a missing field', { type: 'basic', username: 'u' }, 'authentication.password must be text.'],
    ['a stray field', { ...BASIC, realm: 'r' }, 'authentication.realm is no field of type basic'],
    ['a field of every object', { ...BASIC, toString: 'x' }, 'authentication.toString is no field'],
    ['a colon in the user', { ...BASIC, username: 'a:b' }, 'authentication.username must be text without a colon'],
    [
      'a header smuggled in',
      { type: 'bearer', token: 'p-secret\r\nX-Evil: 1' },
      'authentication.token must be letters',
    ],
    ['control characters', { ...BASIC, password: 'p-secret\n' }, 'authentication.password must be text without'],
    ['one too long', { type: 'bearer', token: 'a'.repeat(4_097) }, 'authentication.token must have at most 4096'],
    ['no token URL', { ...OAUTH2, tokenUrl: 'nowhere' }, 'authentication.tokenUrl is refused: Invalid URL.'],
    ['a forbidden one', { ...OAUTH2, tokenUrl: 'https://10.0.0.1/t' }, 'authentication.tokenUrl is refused: URL not'],
    ['a bad scope', { ...OAUTH2, scope: 'a  b' }, 'authentication.scope must be words'],
    ['no PEM', { type: 'mtls', certificate: 'p-secret', privateKey: 'p-secret' }, 'authentication.certificate must be'],
  ])('of %s says what is wrong and repeats no secret', async (_, authentication, sentence) => {
    const body = { url: 'http://127.0.0.1:9/', events: ['x'], authentication };
    const answer = await scene.server.api('POST', '/api/webhooks', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_authentication', error: expect.stringContaining(sentence) },
    });
    expect(JSON.stringify(answer.body)).not.toContain('p-secret');
  });

  it('comes where the headers hold an Authorization too, whichever was first', async () => {
    const refusal = { status: 400, body: { code: 'invalid_authentication' } };
    const headers = { authorization: 'Bearer mine' };
    const url = 'http://127.0.0.1:9/';
    const both = await scene.server.api('POST', '/api/webhooks', {
      url,
      events: ['x'],
      headers,
      authentication: BASIC,
    });
    expect(both).toMatchObject(refusal);
    const first = await scene.target(url, { headers });
    expect(await patch(first.webhookId, { authentication: BASIC })).toMatchObject(refusal);
    expect(await patch(first.webhookId, { authentication: BASIC, headers: null })).toMatchObject({ status: 200 });
    expect(await patch(first.webhookId, { headers })).toMatchObject(refusal);
    expect((await get(first.webhookId)).body).toMatchObject({ headers: [], authentication: { type: 'basic' } });
  });
});
