// The sources that the environment names.
import { describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { OpenSources } from '../../src/registry/index.js';
import { RegistryScene, startServer } from './registry.harness.js';

const scene = RegistryScene.forTests();

describe('sources of the environment', () => {
  const SETTINGS = { stripeWebhookSecret: 'whsec_first,whsec_second', githubWebhookSecret: 'hub' };
  const secretsOf = async (replica: NestExpressApplication, name: string) =>
    (await replica.get(OpenSources).find('default', name))?.secrets.map((secret) => secret.reveal());

  it('are made once by two replicas that start together, and follow the environment at each start', async () => {
    const replicas = await Promise.all([
      startServer(scene.databaseUrl, SETTINGS),
      startServer(scene.databaseUrl, SETTINGS),
    ]);
    for (const replica of replicas) {
      expect(await secretsOf(replica, 'stripe')).toEqual(['whsec_first', 'whsec_second']);
      expect(await secretsOf(replica, 'github')).toEqual(['hub']);
    }
    const count =
      'SELECT (SELECT count(*) FROM posthorn.source)::int, array_agg(id ORDER BY id) ids FROM posthorn.source_secret';
    const { rows: before } = await scene.sql.query<{ count: number; ids: string[] }>(count);
    expect(before[0]).toMatchObject({ count: 2, ids: { length: 3 } });
    await Promise.all(replicas.map((replica) => replica.close()));

    const same = await startServer(scene.databaseUrl, SETTINGS);
    expect((await scene.sql.query(count)).rows).toEqual(before);
    await same.close();

    const changed = await startServer(scene.databaseUrl, { ...SETTINGS, stripeWebhookSecret: 'whsec_third' });
    expect(await secretsOf(changed, 'stripe')).toEqual(['whsec_third']);
    expect(await secretsOf(changed, 'github')).toEqual(['hub']);
    expect(await changed.get(OpenSources).find('acme', 'stripe')).toBeUndefined();
    expect(await changed.get(OpenSources).find('default', '../stripe')).toBeUndefined();
    await changed.close();
  });
});

describe('declared sources', () => {
  const SHOP = { name: 'declared', provider: 'stripe', secrets: ['whsec_declared'] };
  const read = async (): Promise<object> =>
    (await scene.as('default').get('/api/sources/declared').expect(200)).body as object;

  it('are made at the start, and are at each what is declared, whatever was changed meanwhile', async () => {
    const first = await startServer(scene.databaseUrl, { sources: [{ ...SHOP, toleranceSeconds: 60, relay: true }] });
    expect(await read()).toMatchObject({ provider: 'stripe', toleranceSeconds: 60, relay: true });
    expect(
      (await first.get(OpenSources).find('default', 'declared'))?.secrets.map((secret) => secret.reveal()),
    ).toEqual(SHOP.secrets);
    await first.close();
    await scene.as('default').patch('/api/sources/declared').send({ maxBodyBytes: 7 }).expect(200);
    const next = await startServer(scene.databaseUrl, { sources: JSON.stringify([{ ...SHOP, relay: true }]) });
    expect(await read()).toMatchObject({ toleranceSeconds: null, maxBodyBytes: null, relay: true });
    await next.close();
  });

  it.each([
    [{ sources: [{ ...SHOP, provider: 'nobody' }] }, 'The source "declared" is refused: There is no provider'],
    [
      { sources: [{ ...SHOP, maxBodyBytes: -1 }] },
      'The source "declared" is refused: maxBodyBytes must not be less than 1',
    ],
    [{ sources: [SHOP, SHOP] }, 'The source declared is named twice.'],
    [{ sources: [{ ...SHOP, name: 'stripe' }], stripeWebhookSecret: 'whsec_x' }, 'The source stripe is named twice.'],
    [{ sources: '[{"secrets": "whsec_seen"}]' }, 'sources must be a JSON list of sources'],
    [{ sources: '[whsec_seen' }, 'sources must be a JSON list of sources'],
  ])('stop the start when they are wrong, and show no secret: %j', async (settings, sentence) => {
    const error: unknown = await startServer(scene.databaseUrl, settings).catch((reason: unknown) => reason);
    expect(String(error)).toContain(sentence);
    expect(String(error)).not.toMatch(/whsec/);
  });
});
