// Receiving from every kind of sender over real HTTP: what is signed comes in, what is not stays out, handshakes are answered
// and not stored, and the URL that is signed is the one the sender called, whatever stands between us and it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { bodyId, headerOf, OnWebhook, textField, UNKNOWN_TYPE } from '../../src/inbound/index.js';
import type { Description, Provider, ReceivedEvent, Verdict, WebhookRequest } from '../../src/inbound/index.js';
import type { Secret } from '../../src/kernel/secret.js';
import { equalTexts } from '../../src/kernel/signatures/hmac.js';
import { newSecretPair, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';
import type { SecretPair, SignedProvider, SignOptions } from '../../src/testing/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import { ADMIN_KEY, addSource, answerOf, ENCRYPTION_KEY, EXACT, post, Rows, startShop } from './receive.harness.js';
import type { Answered, Shop } from './receive.harness.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

@Injectable()
class Recorder {
  readonly seen: ReceivedEvent[] = [];

  @OnWebhook('twilio', 'message.received')
  @OnWebhook('twilio-later', 'message.received')
  @OnWebhook('slack', '*')
  @OnWebhook('sendgrid', 'events')
  @OnWebhook('acme', '*')
  @OnWebhook('any', 'thing.*')
  record(event: ReceivedEvent): void {
    this.seen.push(event);
  }

  lastOf(source: string): ReceivedEvent | undefined {
    return this.seen.findLast((event) => event.source === source);
  }
}

/** A host's own kind of sender: one class. */
@Injectable()
class Acme implements Provider {
  readonly name = 'acme';
  readonly sendsJson = true;

  verify({ headers }: WebhookRequest, secrets: readonly Secret[]): Verdict {
    const key = headerOf(headers, 'x-acme-key');
    if (key === undefined) return { ok: false, reason: 'no_signature' };
    const known = secrets.filter((secret) => equalTexts(key ?? '', secret.reveal()));
    return known.length > 0 ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  }

  describe({ body }: WebhookRequest, data: unknown): Description {
    return { externalId: bodyId(body), type: textField(data, 'kind') ?? UNKNOWN_TYPE };
  }
}

let databaseUrl: string;
let rows: Rows;
let shop: Shop;
const pairs = new Map<string, SecretPair>();
const secretOf = (name: string): string => (pairs.get(name) as SecretPair).signWith;

beforeAll(async () => {
  databaseUrl = (await cloneDatabase()).url;
  rows = new Rows(databaseUrl);
  shop = await startShop(databaseUrl, { providers: [Recorder], webhookProviders: [Acme] });
  for (const name of SIGNED_PROVIDERS) {
    const pair = newSecretPair(name);
    pairs.set(name, pair);
    // The environment made two of them already.
    const source = ['stripe', 'github'].includes(name) ? `own-${name}` : name;
    const config = name === 'meta' ? { verifyToken: 'the-token-we-chose' } : {};
    // Wider than Paddle's five seconds: how fast this machine is must not matter.
    await addSource(rows, { name: source, provider: name, secrets: [pair.secret], config, toleranceSeconds: 3_600 });
  }
});
afterAll(async () => {
  await shop?.app.close();
  await rows?.end();
});

const pathOf = (name: string): string => `/webhooks/${['stripe', 'github'].includes(name) ? `own-${name}` : name}`;

/** Sends what was signed to where it is to go; the URL may have been signed as another one. */
const send = ({ headers, body }: WebhookRequest, url: string): Promise<Answered> =>
  post(url, body, headers as Record<string, string>);

const signedFor = (name: SignedProvider, options: Omit<SignOptions, 'secret'> & { url?: string }): WebhookRequest =>
  signedRequest(name, { secret: secretOf(name), url: shop.url + pathOf(name), ...options });

const storedOf = async (source: string): Promise<number> =>
  (await rows.query('SELECT FROM posthorn.received_event WHERE source = $1', [source])).length;

describe.each(SIGNED_PROVIDERS.map((name) => [name]))('%s', (name) => {
  it('comes in once with a signature, and not without or with another one', async () => {
    const body = { hello: name, webhookTimestamp: Date.now() };
    const request = signedFor(name, { body });
    expect(answerOf(await send(request, request.url))).toEqual(EXACT.processed);
    expect(answerOf(await send(request, request.url))).toEqual(EXACT.already);

    const stranger = signedFor(name, { body, secret: newSecretPair(name).signWith } as SignOptions);
    expect(answerOf(await send(stranger, stranger.url))).toEqual(EXACT.invalid);
    expect(answerOf(await post(request.url, JSON.stringify(body)))).toEqual(EXACT.invalid);
    expect(await storedOf(pathOf(name).slice('/webhooks/'.length))).toBe(1);
  });
});

describe('what handlers are given', () => {
  it('of a form, its fields, also when they run later', async () => {
    await addSource(rows, {
      name: 'twilio-later',
      provider: 'twilio',
      secrets: [secretOf('twilio')],
      processing: 'queued',
    });
    for (const source of ['twilio', 'twilio-later']) {
      const url = `${shop.url}/webhooks/${source}?from=console`;
      const request = signedFor('twilio', {
        url,
        headers: FORM,
        body: 'SmsStatus=received&Body=%C5%BC%C3%B3%C5%82w+%2B1',
      });
      expect((await send(request, url)).status).toBe(source === 'twilio' ? 200 : 202);
      await eventually(() => Promise.resolve(shop.app.get(Recorder).lastOf(source) !== undefined), 'the handler runs');
      expect(shop.app.get(Recorder).lastOf(source)?.data).toEqual({ SmsStatus: 'received', Body: 'żółw +1' });
    }
  });

  it.each([
    ['an event', {}, '{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}', 'app_mention'],
    [
      'an interaction',
      FORM,
      `payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"1"}')}`,
      'block_actions',
    ],
    ['a command', FORM, 'command=%2Fweather&text=94070&trigger_id=2', '/weather'],
  ])('of Slack: %s', async (_, headers, body, type) => {
    const request = signedFor('slack', { body, headers });
    expect(answerOf(await send(request, request.url))).toEqual(EXACT.processed);
    expect(shop.app.get(Recorder).lastOf('slack')).toMatchObject({ type });
  });

  it('of a batch, the whole list, once, whatever the sender writes into it the next time', async () => {
    const body = [
      { sg_event_id: 'a', event: 'open' },
      { sg_event_id: 'b', event: 'click' },
    ];
    const [first, again] = [
      signedFor('sendgrid', { body }),
      signedFor('sendgrid', { body: body.map((item) => ({ ...item, attempt: 2 })) }),
    ];
    expect(answerOf(await send(first, first.url))).toEqual(EXACT.processed);
    expect(answerOf(await send(again, again.url))).toEqual(EXACT.already);
    expect(shop.app.get(Recorder).lastOf('sendgrid')?.data).toEqual(body);
  });

  it('of a sender that the host brings itself', async () => {
    await addSource(rows, { name: 'acme', provider: 'acme', secrets: ['acme-key'] });
    const body = '{"kind":"parcel.lost"}';
    expect(answerOf(await post(`${shop.url}/webhooks/acme`, body, { 'x-acme-key': 'acme-key' }))).toEqual(
      EXACT.processed,
    );
    expect(answerOf(await post(`${shop.url}/webhooks/acme`, body, { 'x-acme-key': 'another' }))).toEqual(EXACT.invalid);
    expect(shop.app.get(Recorder).lastOf('acme')).toMatchObject({
      type: 'parcel.lost',
      data: { kind: 'parcel.lost' },
      // Its name says nothing; what it holds is a secret of the source.
      headers: { 'x-acme-key': '[secret]' },
    });
  });

  it('of a sender that only its config describes', async () => {
    const config = {
      // A name that does not say that it should be masked.
      header: 'X-Any-Proof',
      timestampHeader: 'X-Any-Time',
      template: 'v2|{timestamp}|{header:X-Any-Id}|{body}',
      algorithm: 'sha512',
      encoding: 'base64',
      prefix: 's=',
      id: 'header:X-Any-Id',
      type: 'body:meta.kind',
    };
    await addSource(rows, { name: 'any', provider: 'hmac', secrets: ['any-secret'], config });
    const [time, body] = [String(Math.floor(Date.now() / 1_000)), '{"meta":{"kind":"thing.done"}}'];
    const mac = createHmac('sha512', 'any-secret').update(`v2|${time}|id-1|${body}`).digest('base64');
    const headers = { 'x-any-proof': `s=${mac}`, 'x-any-time': time, 'x-any-id': 'id-1' };
    const url = `${shop.url}/webhooks/any`;
    expect(answerOf(await post(url, body, headers))).toEqual(EXACT.processed);
    expect(answerOf(await post(url, body, headers))).toEqual(EXACT.already);
    expect(answerOf(await post(url, body, { ...headers, 'x-any-id': 'id-2' }))).toEqual(EXACT.invalid);
    const masked = { 'x-any-proof': '[secret]', 'x-any-time': time, 'x-any-id': 'id-1' };
    expect(shop.app.get(Recorder).lastOf('any')).toMatchObject({ type: 'thing.done', headers: masked });
    const stored = await rows.query(`SELECT r::text AS row FROM posthorn.received_event r WHERE source = 'any'`);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(mac);
    const own = await fetch(`${shop.url}/api/received-events?source=any`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const { data } = (await own.json()) as { data: { id: string }[] };
    const shown = await fetch(`${shop.url}/api/received-events/${data[0]?.id}`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(await shown.json()).toMatchObject({ headers: masked });

    await addSource(rows, { name: 'wrong', provider: 'hmac', secrets: ['any-secret'] });
    expect(answerOf(await post(`${shop.url}/webhooks/wrong`, body, headers))).toEqual(EXACT.invalid);
  });
});

describe('a handshake', () => {
  const plain = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, init);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const answers = async (request: WebhookRequest) =>
    plain(request.url, { method: 'POST', body: request.body, headers: request.headers as Record<string, string> });

  it('of Slack repeats the challenge, to Slack alone', async () => {
    const before = await storedOf('slack');
    const body = {
      type: 'url_verification',
      token: 'x',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    };
    expect(await answers(signedFor('slack', { body }))).toEqual({
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: body.challenge,
    });
    expect(answerOf(await post(`${shop.url}/webhooks/slack`, JSON.stringify(body)))).toEqual(EXACT.invalid);
    expect(await storedOf('slack')).toBe(before);
  });

  it('of Zoom is answered with the secret that it was signed with, also while that is being changed', async () => {
    const [older, newer] = ['zoom-older', 'zoom-newer'];
    await addSource(rows, { name: 'zoom-rotating', provider: 'zoom', secrets: [older, newer] });
    const url = `${shop.url}/webhooks/zoom-rotating`;
    for (const secret of [older, newer]) {
      const body = { event: 'endpoint.url_validation', payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' } };
      const { status, type, text } = await answers(signedRequest('zoom', { body, secret, url }));
      expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
      expect(JSON.parse(text)).toEqual({
        plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
        encryptedToken: createHmac('sha256', secret).update('qgg8vlvZRS6UYooatFL8Aw').digest('hex'),
      });
    }
    expect(await storedOf('zoom-rotating')).toBe(0);
  });

  it('of Discord is answered as its kind wants, and refused with a wrong signature, as Discord tests', async () => {
    const before = await storedOf('discord');
    const interaction = await answers(signedFor('discord', { body: { type: 1, id: 'i-1' } }));
    expect(interaction).toEqual({ status: 200, type: 'application/json; charset=utf-8', text: '{"type":1}' });
    const event = await answers(signedFor('discord', { body: { version: 1, application_id: '1', type: 0 } }));
    expect(event).toMatchObject({ status: 204, text: '' });
    const { privateKey } = generateKeyPairSync('ed25519');
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const forged = signedRequest('discord', { body: { type: 1 }, secret, url: `${shop.url}/webhooks/discord` });
    expect(answerOf(await send(forged, forged.url))).toEqual(EXACT.invalid);
    expect(await storedOf('discord')).toBe(before);

    const real = signedFor('discord', { body: { version: 1, type: 1, event: { type: 'ENTITLEMENT_CREATE' } } });
    expect(answerOf(await send(real, real.url))).toEqual(EXACT.processed);
  });

  it('of Meta repeats the number, where the token is the one we chose', async () => {
    const before = await storedOf('meta');
    const ask = (query: Record<string, string>, path = '/webhooks/meta') =>
      plain(`${shop.url}${path}?${new URLSearchParams(query).toString()}`);
    const right = { 'hub.mode': 'subscribe', 'hub.verify_token': 'the-token-we-chose', 'hub.challenge': '1158201444' };
    expect(await ask(right)).toEqual({ status: 200, type: 'text/plain; charset=utf-8', text: '1158201444' });
    expect(await ask(right, '/webhooks/default/meta')).toMatchObject({ status: 200, text: '1158201444' });
    for (const wrong of [
      { ...right, 'hub.verify_token': 'another' },
      { ...right, 'hub.verify_token': '' },
      { ...right, 'hub.mode': 'unsubscribe' },
      { ...right, 'hub.challenge': '<script>' },
      { ...right, 'hub.challenge': '' },
      {},
    ])
      expect(await ask(wrong as Record<string, string>)).toMatchObject({
        status: 401,
        text: '{"error":"Invalid signature"}',
      });
    expect(await storedOf('meta')).toBe(before);
    // A source that chose no token confirms nothing, not even an empty one.
    await addSource(rows, { name: 'meta-bare', provider: 'meta', secrets: ['x'] });
    expect(await ask({ ...right, 'hub.verify_token': '' }, '/webhooks/meta-bare')).toMatchObject({ status: 401 });
  });

  it('of Intercom is a HEAD', async () => {
    expect((await fetch(`${shop.url}/webhooks/intercom`, { method: 'HEAD' })).status).toBe(204);
    expect(await plain(`${shop.url}/webhooks/intercom`)).toMatchObject({ status: 401 });
  });

  it('by GET is for those who ask that way: 405 for other sources, 404 where there is none', async () => {
    const response = await fetch(`${shop.url}/webhooks/stripe`);
    expect([response.status, await response.text(), response.headers.get('allow')]).toEqual([
      405,
      '{"error":"Use POST here."}',
      'OPTIONS, POST',
    ]);
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(await plain(`${shop.url}/webhooks/nobody`)).toMatchObject({ status: 404 });
    expect(await plain(`${shop.url}/webhooks/another/meta`)).toMatchObject({ status: 404 });
  });
});

describe('the URL that is signed', () => {
  const URL_SIGNERS = ['twilio', 'square', 'hubspot'] as const;
  const sent = (name: SignedProvider, publicUrl: string, to: string, headers: Record<string, string> = {}) => {
    const request = signedFor(name, { url: publicUrl, body: { n: Math.random() } });
    // Twilio adds its digest to the query, and that is where the sender sends it.
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    return send({ ...request, headers: { ...request.headers, ...headers } }, to + query);
  };

  it.each(URL_SIGNERS)('%s: without PUBLIC_URL and a trusted proxy, is the one of the request', async (name) => {
    const path = `/webhooks/${name}`;
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hooks.example' };
    expect(answerOf(await sent(name, shop.url + path, shop.url + path, forwarded))).toEqual(EXACT.processed);
    expect(answerOf(await sent(name, `https://hooks.example${path}`, shop.url + path, forwarded))).toEqual(
      EXACT.invalid,
    );
  });

  it('is what a trusted proxy says', async () => {
    const server = await startTestServer({ databaseUrl, encryptionKey: ENCRYPTION_KEY, trustProxy: true });
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hooks.example' };
    for (const name of URL_SIGNERS) {
      const path = `/webhooks/${name}`;
      const publicUrl = `https://hooks.example${path}`;
      expect(answerOf(await sent(name, publicUrl, server.url + path, forwarded))).toEqual(EXACT.processed);
      expect(answerOf(await sent(name, server.url + path, server.url + path, forwarded))).toEqual(EXACT.invalid);
    }
    await server.close();
  });

  it('is under PUBLIC_URL where it is set, with a prefix that a proxy takes off and one of the application', async () => {
    const behind = await startShop(databaseUrl, {
      publicUrl: 'https://shop.example/edge/',
      prepare: (app: NestExpressApplication) => void app.setGlobalPrefix('hooks'),
    });
    for (const name of URL_SIGNERS) {
      const path = `/hooks/webhooks/default/${name}`;
      expect(answerOf(await sent(name, `https://shop.example/edge${path}`, behind.url + path))).toEqual(
        EXACT.processed,
      );
      expect(answerOf(await sent(name, behind.url + path, behind.url + path))).toEqual(EXACT.invalid);
    }
    await behind.app.close();
  });

  it('is the one that the source’s config names, with the query of the request', async () => {
    for (const name of URL_SIGNERS) {
      const source = `${name}-elsewhere`;
      const secrets = [(pairs.get(name) as SecretPair).secret];
      await addSource(rows, { name: source, provider: name, secrets, config: { url: 'https://old.example/in' } });
      const to = `${shop.url}/webhooks/${source}`;
      expect(answerOf(await sent(name, 'https://old.example/in?x=1', to))).toEqual(EXACT.processed);
      expect(answerOf(await sent(name, to, to))).toEqual(EXACT.invalid);
    }
  });
});
