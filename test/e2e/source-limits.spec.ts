// Who may send to a source, from where, and how often.
import { describe, expect, it } from '@jest/globals';
import { startTestServer } from '../setup/server.js';
import { ENCRYPTION_KEY } from './received-rows.harness.js';
import { answerOf, EXACT, post, stripeEvent, stripeHeaders } from './sender.harness.js';
import { NEXT, SECRET, SourceScene } from './sources.harness.js';
import type { SourceAnswer } from './sources.harness.js';

const scene = SourceScene.forTests();

describe('limits of a source', () => {
  it('turn away what is over the rate before any signature is checked, and let through again', async () => {
    const { name, source } = await scene.create({ rateLimit: { max: 3, perSeconds: 3_600 } });
    const statuses: number[] = [];
    for (const secret of [NEXT, NEXT, SECRET, SECRET]) statuses.push((await scene.send(source.path, secret)).status);
    expect(statuses).toEqual([401, 401, 200, 429]);
    const refused = await scene.send(source.path);
    expect(answerOf(refused)).toEqual({ status: 429, body: { error: 'Too many requests' } });
    expect(refused.headers.get('retry-after')).toBe('1200');
    await scene.patch(name, { rateLimit: { max: 100_000, perSeconds: 1 } });
    await scene.becomes(200, source.path, SECRET);
  });

  it('hold for handshakes too, which each source answers for itself', async () => {
    const meta = { provider: 'meta', secrets: ['app secret'] };
    const limited = await scene.create({
      ...meta,
      config: { verifyToken: 'mine' },
      rateLimit: { max: 1, perSeconds: 3_600 },
    });
    const other = await scene.create({ ...meta, config: { verifyToken: 'theirs' } });
    const ask = async ({ source }: { source: SourceAnswer }): Promise<number> => {
      const query = 'hub.mode=subscribe&hub.challenge=42&hub.verify_token=mine';
      const response = await fetch(`${scene.shop.url}${source.path}?${query}`);
      await response.text();
      return response.status;
    };
    expect([await ask(limited), await ask(limited), await ask(other)]).toEqual([200, 429, 401]);
  });

  it('let nobody in from another address, and tell them nothing of it', async () => {
    const { name, source } = await scene.create({ allowedIps: ['10.1.2.0/24', '::1/128'] });
    expect(answerOf(await scene.send(source.path))).toEqual(EXACT.invalid);
    await scene.patch(name, { allowedIps: ['127.0.0.0/8'] });
    expect(answerOf(await scene.send(source.path))).toEqual(EXACT.processed);
  });

  it('know a sender behind a proxy by what the proxy wrote, not by what the sender did', async () => {
    const { source } = await scene.create({ allowedIps: ['203.0.113.0/24'] });
    const server = await startTestServer({
      databaseUrl: scene.databaseUrl,
      encryptionKey: ENCRYPTION_KEY,
      trustProxy: true,
    });
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
