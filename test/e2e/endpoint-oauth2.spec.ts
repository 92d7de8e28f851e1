// Tokens for requests by OAuth 2: when one is asked for, how long it is used, and what becomes of a delivery without one.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { startConnectProxy } from '../setup/proxies.js';
import { TestReceiver } from '../setup/receiver.js';
import type { Answer } from '../setup/receiver.js';
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

/** A token endpoint: answers as told, else with a token that says how many there were. */
class TokenServer {
  private made = 0;

  private constructor(
    readonly receiver: TestReceiver,
    private readonly life: number | undefined,
  ) {}

  static async start(life?: number): Promise<TokenServer> {
    const server = new TokenServer(await scene.receiver(200), life);
    server.receiver.always((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(server.next());
    });
    return server;
  }

  get url(): string {
    return this.receiver.url.replace('/hook', '/token');
  }

  get asked(): number {
    return this.receiver.received.length;
  }

  next(): string {
    return JSON.stringify({ access_token: `t-${(this.made += 1)}`, token_type: 'Bearer', expires_in: this.life });
  }
}

const answering =
  (status: number, body: string): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  };

describe('oauth2', () => {
  const CLIENT = { type: 'oauth2', clientId: 'posthorn & sons', clientSecret: 's/e=c ret:ü' };

  const attemptsOf = async (id: string) =>
    (await scene.settled(id)).attempts.map(({ outcome, httpStatus, error }) => ({ outcome, httpStatus, error }));

  it('obtains one token for all that is sent at once, and uses it until it expires', async () => {
    const tokens = await TokenServer.start(3_600);
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, {
      authentication: { ...CLIENT, tokenUrl: tokens.url, scope: 'hooks:send x', audience: 'https://erp.example' },
    });
    const events = Array.from({ length: 20 }, (_, n) => ({ event: target.type, data: { n } }));
    await scene.server.api('POST', '/api/events/batch', { events });
    for (let n = 0; n < 20; n += 1) expect((await receiver.next()).headers.authorization).toBe('Bearer t-1');
    const delivery = await scene.settled(await target.send());
    expect((await receiver.next()).headers.authorization).toBe('Bearer t-1');
    expect(tokens.asked).toBe(1);

    const [asked] = tokens.receiver.received;
    expect(asked).toMatchObject({
      method: 'POST',
      path: '/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        // Form-encoded before they are joined, as RFC 6749 has it.
        authorization: `Basic ${Buffer.from('posthorn+%26+sons:s%2Fe%3Dc+ret%3A%C3%BC').toString('base64')}`,
      },
    });
    expect(Object.fromEntries(new URLSearchParams(asked?.body.toString()))).toEqual({
      grant_type: 'client_credentials',
      scope: 'hooks:send x',
      audience: 'https://erp.example',
    });
    expect((await get(target.webhookId)).body.authentication).toEqual({
      type: 'oauth2',
      tokenUrl: tokens.url,
      clientId: 'posthorn & sons',
      scope: 'hooks:send x',
      audience: 'https://erp.example',
    });
    expect(await told(scene, target.webhookId, delivery)).not.toMatch(/s\/e=c|t-1"/);
  });

  it('renews what has expired, and sends id and secret in the body where asked to', async () => {
    const tokens = await TokenServer.start(0);
    const receiver = await scene.receiver(200);
    const authentication = { ...CLIENT, tokenUrl: tokens.url, clientAuthentication: 'body' };
    const target = await scene.target(receiver.url, { authentication });
    for (const token of ['Bearer t-1', 'Bearer t-2']) {
      await scene.settled(await target.send());
      expect((await receiver.next()).headers.authorization).toBe(token);
    }
    const [asked] = tokens.receiver.received;
    expect(asked?.headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(new URLSearchParams(asked?.body.toString()))).toEqual({
      grant_type: 'client_credentials',
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
    });
  });

  it('drops a token that the receiver refuses and tries again with another; a new one that is refused is final', async () => {
    const tokens = await TokenServer.start(3_600);
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, { authentication: { ...CLIENT, tokenUrl: tokens.url } });
    await scene.settled(await target.send());
    receiver.answers(401);
    const renewed = await target.send();
    expect(await attemptsOf(renewed)).toMatchObject([
      { outcome: 'client_error', httpStatus: 401 },
      { outcome: 'success', httpStatus: 200 },
    ]);
    expect(receiver.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t-1',
      'Bearer t-1',
      'Bearer t-2',
    ]);

    receiver.always(401);
    const refused = await target.send();
    expect(await attemptsOf(refused)).toMatchObject([{ httpStatus: 401 }, { httpStatus: 401 }]);
    expect(await scene.settled(refused)).toMatchObject({ status: 'client_error', lastHttpStatus: 401 });
    expect(tokens.asked).toBe(3);
  });

  it.each<[string, Answer, string]>([
    ['refuses', answering(401, '{"error":"invalid_client"}'), 'TOKEN_REFUSED: the token URL answered 401'],
    ['redirects', answering(302, ''), 'TOKEN_REFUSED: the token URL answered 302'],
    ['answers no JSON', answering(200, '<html>'), 'TOKEN_INVALID: the answer of the token URL holds no bearer token'],
    ['answers null', answering(200, 'null'), 'TOKEN_INVALID: the answer of the token URL holds no bearer token'],
    [
      'answers another kind of token',
      answering(200, '{"access_token":"t","token_type":"mac"}'),
      'TOKEN_INVALID: the answer of the token URL holds no bearer token',
    ],
    [
      'answers a token longer than a header',
      answering(200, JSON.stringify({ access_token: 't'.repeat(8_193), token_type: 'bearer' })),
      'TOKEN_INVALID: the answer of the token URL holds no bearer token',
    ],
    [
      'answers what is no header',
      answering(200, '{"access_token":"t\\r\\nX-Evil: 1","token_type":"bearer"}'),
      'TOKEN_INVALID: the answer of the token URL holds no bearer token',
    ],
    ['hangs up', (_, response) => response.destroy(), 'TOKEN_UNREACHABLE: UND_ERR_SOCKET'],
  ])('is retried while the token URL %s, and says so', async (_, answer, error) => {
    const tokens = await TokenServer.start(3_600);
    tokens.receiver.answers(answer);
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url, { authentication: { ...CLIENT, tokenUrl: tokens.url } });
    const [failed, sent] = (await scene.settled(await target.send())).attempts;
    expect(failed).toMatchObject({ httpStatus: null, error, response: null });
    expect(sent).toMatchObject({ outcome: 'success', httpStatus: 200 });
    expect(receiver.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer t-1']);
  });

  it('obtains another token where the credentials were changed', async () => {
    const tokens = await TokenServer.start(3_600);
    const receiver = await scene.receiver(200);
    const authentication = { ...CLIENT, tokenUrl: tokens.url };
    const target = await scene.target(receiver.url, { authentication });
    await scene.settled(await target.send());
    await patch(target.webhookId, { authentication: { ...authentication, clientSecret: 'another' } });
    await scene.settled(await target.send());
    expect(receiver.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer t-1', 'Bearer t-2']);
  });

  it('asks for a token through EGRESS_PROXY', async () => {
    const tokens = await TokenServer.start(3_600);
    const receiver = await scene.receiver(200);
    const proxy = await startConnectProxy();
    const behind = await DeliveryScene.open({ egressProxy: `http://127.0.0.1:${proxy.port}` });
    try {
      const target = await behind.target(receiver.url, { authentication: { ...CLIENT, tokenUrl: tokens.url } });
      expect(await behind.settled(await target.send())).toMatchObject({ status: 'success' });
      expect(proxy.asked).toEqual([new URL(tokens.url).host, new URL(receiver.url).host]);
    } finally {
      await behind.close();
      proxy.close();
    }
  });

  it('asks for no token where the egress policy forbids it, at the moment of asking', async () => {
    const tokens = await TokenServer.start(3_600);
    const receiver = await scene.receiver(200);
    const shared = { databaseUrl: (await cloneDatabase()).url, encryptionKey: randomBytes(32).toString('base64') };
    // One takes the registrations and sends nothing; the other sends.
    const permissive = await DeliveryScene.open({ ...shared, role: 'api' });
    const strict = await DeliveryScene.open({ ...shared, role: 'worker', allowNetworks: [] });
    try {
      const target = await permissive.target(receiver.url, { authentication: { ...CLIENT, tokenUrl: tokens.url } });
      expect(await permissive.settled(await target.send())).toMatchObject({
        status: 'failed',
        reason: 'egress_denied',
        attempts: [{ outcome: 'egress_denied', error: 'TOKEN_UNREACHABLE: EGRESS_DENIED' }],
      });
      expect(tokens.asked + receiver.received.length).toBe(0);
    } finally {
      await strict.close();
      await permissive.close();
    }
  });
});
