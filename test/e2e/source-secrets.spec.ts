// The secrets of a source change over without a gap, on all replicas.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startShop } from './receive.harness.js';
import type { Shop } from './receive.harness.js';
import { NEXT, SECRET, SourceScene } from './sources.harness.js';

const scene = SourceScene.forTests();
let replica: Shop;

beforeAll(async () => {
  replica = await startShop(scene.databaseUrl);
});
afterAll(() => replica?.app.close());

describe('secrets of a source', () => {
  const secretsOf = async (name: string) => (await scene.read(name)).secrets;

  it('rotate without a gap: both hold on every replica until the old one ends', async () => {
    const { name, source } = await scene.create();
    expect((await scene.send(source.path, SECRET, replica)).status).toBe(200);
    const added = await scene.addSecret(name, { secret: NEXT });
    expect(added).toMatchObject({ status: 201, body: { hint: '…urce', expiresAt: null } });
    expect(JSON.stringify(added.body)).not.toContain(NEXT);

    expect((await scene.send(source.path, NEXT)).status).toBe(200);
    await scene.becomes(200, source.path, NEXT, replica);
    expect((await scene.send(source.path, SECRET)).status).toBe(200);
    expect((await scene.send(source.path, SECRET, replica)).status).toBe(200);
    const [newest, oldest] = await secretsOf(name);
    expect(newest?.expiresAt).toBeNull();
    expect(Date.parse(oldest?.expiresAt ?? '') - Date.now()).toBeGreaterThan(86_300_000);

    await scene.rows.query('UPDATE posthorn.source_secret SET expires_at = now() WHERE id = $1', [oldest?.id]);
    await scene.becomes(401, source.path, SECRET, replica);
    expect((await scene.send(source.path, NEXT, replica)).status).toBe(200);
    expect(await secretsOf(name)).toHaveLength(1);
  });

  it('stand side by side for good where that is asked for, and can end at once', async () => {
    const { name, source } = await scene.create();
    await scene.addSecret(name, { secret: NEXT, expireOthersAfter: null });
    expect((await secretsOf(name)).map(({ expiresAt }) => expiresAt)).toEqual([null, null]);
    await scene.addSecret(name, { secret: 'whsec_third', expireOthersAfter: '0s' });
    expect((await scene.send(source.path, SECRET)).status).toBe(401);
    expect((await scene.send(source.path, 'whsec_third')).status).toBe(200);
  });

  it('are retired at once, down to the last, which then lives on', async () => {
    const { name, source } = await scene.create();
    await scene.addSecret(name, { secret: NEXT });
    const [newest] = await secretsOf(name);
    expect(await scene.retireSecret(name, newest?.id)).toBe(204);
    expect((await scene.send(source.path, NEXT)).status).toBe(401);
    expect((await scene.send(source.path, SECRET)).status).toBe(200);
    const [left] = await secretsOf(name);
    expect(left?.expiresAt).toBeNull();
    expect(await scene.retireSecret(name, left?.id)).toBe(409);
    expect(await scene.retireSecret(name, newest?.id)).toBe(404);
  });

  it('are at most ten', async () => {
    const { name } = await scene.create({ secrets: Array.from({ length: 10 }, (_, at) => `whsec_number-${at}`) });
    expect(await scene.addSecret(name, { secret: NEXT })).toMatchObject({
      status: 409,
      body: { code: 'too_many_secrets' },
    });
  });
});
