// Handshakes, by which a sender finds out whether we are the ones it shall send to: answered each in its own way, and not stored.
import { describe, expect, it } from '@jest/globals';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { WebhookRequest } from '../../src/inbound/index.js';
import { signedRequest } from '../../src/testing/index.js';
import { ProvidersScene, VERIFY_TOKEN } from './providers.harness.js';
import { addSource } from './received-rows.harness.js';
import { answerOf, EXACT, post } from './sender.harness.js';

const scene = ProvidersScene.forTests();

describe('a handshake', () => {
  const plain = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, init);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const answers = async (request: WebhookRequest) =>
    plain(request.url, { method: 'POST', body: request.body, headers: request.headers as Record<string, string> });

  it('of Slack repeats the challenge, to Slack alone', async () => {
    const before = await scene.storedOf('slack');
    const body = {
      type: 'url_verification',
      token: 'x',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    };
    expect(await answers(scene.signed('slack', { body }))).toEqual({
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: body.challenge,
    });
    expect(answerOf(await post(`${scene.shop.url}/webhooks/slack`, JSON.stringify(body)))).toEqual(EXACT.invalid);
    expect(await scene.storedOf('slack')).toBe(before);
  });

  it('of Zoom is answered with the secret that it was signed with, also while that is being changed', async () => {
    const [older, newer] = ['zoom-older', 'zoom-newer'];
    await addSource(scene.rows, { name: 'zoom-rotating', provider: 'zoom', secrets: [older, newer] });
    const url = `${scene.shop.url}/webhooks/zoom-rotating`;
    for (const secret of [older, newer]) {
      const body = { event: 'endpoint.url_validation', payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' } };
      const { status, type, text } = await answers(signedRequest('zoom', { body, secret, url }));
      expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
      expect(JSON.parse(text)).toEqual({
        plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
        encryptedToken: createHmac('sha256', secret).update('qgg8vlvZRS6UYooatFL8Aw').digest('hex'),
      });
    }
    expect(await scene.storedOf('zoom-rotating')).toBe(0);
  });

  it('of Discord is answered as its kind wants, and refused with a wrong signature, as Discord tests', async () => {
    const before = await scene.storedOf('discord');
    const interaction = await answers(scene.signed('discord', { body: { type: 1, id: 'i-1' } }));
    expect(interaction).toEqual({ status: 200, type: 'application/json; charset=utf-8', text: '{"type":1}' });
    const event = await answers(scene.signed('discord', { body: { version: 1, application_id: '1', type: 0 } }));
    expect(event).toMatchObject({ status: 204, text: '' });
    const { privateKey } = generateKeyPairSync('ed25519');
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const forged = signedRequest('discord', { body: { type: 1 }, secret, url: `${scene.shop.url}/webhooks/discord` });
    expect(answerOf(await scene.send(forged))).toEqual(EXACT.invalid);
    expect(await scene.storedOf('discord')).toBe(before);

    const real = scene.signed('discord', { body: { version: 1, type: 1, event: { type: 'ENTITLEMENT_CREATE' } } });
    expect(answerOf(await scene.send(real))).toEqual(EXACT.processed);
  });

  it('of Meta repeats the number, where the token is the one we chose', async () => {
    const before = await scene.storedOf('meta');
    const ask = (query: Record<string, string>, path = '/webhooks/meta') =>
      plain(`${scene.shop.url}${path}?${new URLSearchParams(query).toString()}`);
    const right = { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY_TOKEN, 'hub.challenge': '1158201444' };
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
    expect(await scene.storedOf('meta')).toBe(before);
    // A source that chose no token confirms nothing, not even an empty one.
    await addSource(scene.rows, { name: 'meta-bare', provider: 'meta', secrets: ['x'] });
    expect(await ask({ ...right, 'hub.verify_token': '' }, '/webhooks/meta-bare')).toMatchObject({ status: 401 });
  });

  it('of Intercom is a HEAD', async () => {
    expect((await fetch(`${scene.shop.url}/webhooks/intercom`, { method: 'HEAD' })).status).toBe(204);
    expect(await plain(`${scene.shop.url}/webhooks/intercom`)).toMatchObject({ status: 401 });
  });

  it('by GET is for those who ask that way: 405 for other sources, 404 where there is none', async () => {
    const response = await fetch(`${scene.shop.url}/webhooks/stripe`);
    expect([response.status, await response.text(), response.headers.get('allow')]).toEqual([
      405,
      '{"error":"Use POST here."}',
      'OPTIONS, POST',
    ]);
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(await plain(`${scene.shop.url}/webhooks/nobody`)).toMatchObject({ status: 404 });
    expect(await plain(`${scene.shop.url}/webhooks/another/meta`)).toMatchObject({ status: 404 });
  });
});
