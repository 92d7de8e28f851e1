// The sources that the environment names.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { OpenSources } from '../../src/registry/index.js';
import { RegistryScene, startServer } from './registry.harness.js';

let scene: RegistryScene;

beforeAll(async () => {
  scene = await RegistryScene.open();
});

afterAll(() => scene?.close());

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
