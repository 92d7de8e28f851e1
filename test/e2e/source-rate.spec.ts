// The rate of a source: one for all replicas, kept before anything is verified, and free of charge to whoever is flooded.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { api, openScene, startShop } from './receive.harness.js';
import type { Scene, Shop } from './receive.harness.js';
import { post, stripeEvent, stripeHeaders } from './sender.harness.js';

let scene: Scene;
let replica: Shop;

beforeAll(async () => {
  scene = await openScene();
  replica = await startShop(scene.databaseUrl);
});

afterAll(async () => {
  await replica?.app.close();
  await scene?.close();
});

/** A source whose rate does not fill up while a test runs. */
async function limited(max: number): Promise<string> {
  const body = { name: `s-${randomUUID()}`, provider: 'stripe', secrets: ['whsec_of-this-source'] };
  const rateLimit = { max, perSeconds: 86_400 };
  expect(await api(scene.shop, 'sources', { method: 'POST', body: { ...body, rateLimit } })).toMatchObject({
    status: 201,
  });
  return body.name;
}

/** Sends forgeries, all at once; the answers by status. */
async function flood(name: string, shops: readonly Shop[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  const { body } = stripeEvent('never.seen');
  const headers = stripeHeaders(body, 'whsec_another');
  const answers = await Promise.all(shops.map(({ url }) => post(`${url}/webhooks/${name}`, body, headers)));
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const times = (count: number, ...shops: Shop[]): Shop[] => Array.from({ length: count }, () => shops).flat();

/** The row of what is left, and which of its versions it is. */
const leftOf = async (name: string) =>
  (
    await scene.rows.query<{ left: number; version: string }>(
      `SELECT floor(r.tokens)::integer AS left, r.xmin::text AS version FROM posthorn.source_rate r
       JOIN posthorn.source s ON s.id = r.source_id WHERE s.name = $1`,
      [name],
    )
  )[0];

describe('the rate of a source', () => {
  it('is one for all replicas, whichever the requests come to', async () => {
    const name = await limited(20);
    expect(await flood(name, times(30, scene.shop, replica))).toEqual({ 401: 20, 429: 40 });
    expect(await flood(name, [replica, scene.shop])).toEqual({ 429: 2 });
  });

  it('lets in what was left by those who came one after the other', async () => {
    const name = await limited(3);
    for (const [shop, status] of [
      [scene.shop, 401],
      [replica, 401],
      [scene.shop, 401],
      [replica, 429],
      [scene.shop, 429],
    ] as const)
      expect(await flood(name, [shop])).toEqual({ [status]: 1 });
  });

  it('costs a flood no statement once nothing is left', async () => {
    const name = await limited(1);
    expect(await flood(name, [scene.shop])).toEqual({ 401: 1 });
    // Each process has to hear of it once.
    for (const shop of [scene.shop, replica]) expect(await flood(name, [shop])).toEqual({ 429: 1 });
    const before = await leftOf(name);
    expect(before).toMatchObject({ left: 0 });
    expect(await flood(name, times(50, scene.shop, replica))).toEqual({ 429: 100 });
    expect(await leftOf(name)).toEqual(before);
  });

  it('of a high rate is asked for ahead, by a hundredth', async () => {
    const name = await limited(1_000);
    await flood(name, [scene.shop]);
    const before = await leftOf(name);
    expect(before).toMatchObject({ left: 989 });
    for (let at = 0; at < 10; at += 1) expect(await flood(name, [scene.shop])).toEqual({ 401: 1 });
    expect(await leftOf(name)).toEqual(before);
  });

  it('that was raised holds from then on, and one that was taken away does not', async () => {
    const name = await limited(1);
    expect(await flood(name, times(2, scene.shop))).toEqual({ 401: 1, 429: 1 });
    const change = (rateLimit: object | null) =>
      api(scene.shop, `sources/${name}`, { method: 'PATCH', body: { rateLimit } });
    await change({ max: 100_000, perSeconds: 1 });
    expect(await flood(name, times(5, scene.shop))).toEqual({ 401: 5 });
    await change(null);
    expect(await flood(name, times(5, scene.shop))).toEqual({ 401: 5 });
  });
});
