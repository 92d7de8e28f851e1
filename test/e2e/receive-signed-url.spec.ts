// Some senders sign the URL that they call: it is that one, whatever stands between us and them.
import { describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { SignedProvider } from '../../src/testing/index.js';
import { startTestServer } from '../setup/server.js';
import { ProvidersScene } from './providers.harness.js';
import { startShop } from './receive.harness.js';
import { addSource, ENCRYPTION_KEY } from './received-rows.harness.js';
import { answerOf, EXACT } from './sender.harness.js';

const scene = ProvidersScene.forTests();

describe('the URL that is signed', () => {
  const URL_SIGNERS = ['twilio', 'square', 'hubspot'] as const;
  const sent = (name: SignedProvider, publicUrl: string, to: string, headers: Record<string, string> = {}) => {
    const request = scene.signed(name, { url: publicUrl, body: { n: Math.random() } });
    // Twilio adds its digest to the query, and that is where the sender sends it.
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    return scene.send({ ...request, headers: { ...request.headers, ...headers } }, to + query);
  };

  it.each(URL_SIGNERS)('%s: without PUBLIC_URL and a trusted proxy, is the one of the request', async (name) => {
    const path = `/webhooks/${name}`;
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hooks.example' };
    expect(answerOf(await sent(name, scene.shop.url + path, scene.shop.url + path, forwarded))).toEqual(
      EXACT.processed,
    );
    expect(answerOf(await sent(name, `https://hooks.example${path}`, scene.shop.url + path, forwarded))).toEqual(
      EXACT.invalid,
    );
  });

  it('is what a trusted proxy says', async () => {
    const server = await startTestServer({
      databaseUrl: scene.databaseUrl,
      encryptionKey: ENCRYPTION_KEY,
      trustProxy: true,
    });
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
    const behind = await startShop(scene.databaseUrl, {
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
      const secrets = [scene.secretOf(name).secret];
      await addSource(scene.rows, { name: source, provider: name, secrets, config: { url: 'https://old.example/in' } });
      const to = `${scene.shop.url}/webhooks/${source}`;
      expect(answerOf(await sent(name, 'https://old.example/in?x=1', to))).toEqual(EXACT.processed);
      expect(answerOf(await sent(name, to, to))).toEqual(EXACT.invalid);
    }
  });
});
