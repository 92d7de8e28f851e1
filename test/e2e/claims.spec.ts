// What a claim brings where there is more due than it may bring. No engine runs: the test claims.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ClaimQuery } from '../../src/delivery/claim/claim.js';
import type { Claim } from '../../src/delivery/claim/claim.js';
import type { ClaimRoom } from '../../src/delivery/queue/send-queue.js';
import { FIRST_ID } from '../../src/kernel/ids.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Target } from './delivery.harness.js';

const LARGE = 250_000;
/** Of those a claim of 2 MiB brings nine: the ninth is what reaches it. */
const LARGE_ONES = 9;

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ role: 'api' });
});
afterAll(() => scene?.close());
afterEach(() => scene.sql('DELETE FROM posthorn.delivery'));

const target = (more: object = {}): Promise<Target> => scene.target('http://127.0.0.1:9/', more);

async function store({ type }: Target, count: number, bytes: number): Promise<void> {
  const data = { note: 'x'.repeat(bytes) };
  const events = Array.from({ length: count }, () => ({ event: type, data }));
  const { status } = await scene.server.api('POST', '/api/events/batch', { events });
  expect(status).toBe(202);
}

const ROOM: ClaimRoom = { total: 2_048, perWebhook: 64, perBusyWebhook: new Map(), takesLarge: true };
const claims = (): ClaimQuery => scene.server.get(ClaimQuery);
const claim = (room: ClaimRoom = ROOM): Promise<Claim> => claims().claim(room, { after: FIRST_ID, lowWater: FIRST_ID });

const countOf = ({ claimed }: Pick<Claim, 'claimed'>, { webhookId }: Target): number =>
  claimed.filter((delivery) => delivery.webhookId === webhookId).length;

it('is cut in turns: large bodies of one webhook, however old, push out none of another', async () => {
  const [large, small, late] = [await target(), await target(), await target()];
  await store(large, 30, LARGE);
  await store(small, 20, 1_000);
  await store(late, 1, LARGE);
  const first = await claim();
  expect(countOf(first, small)).toBe(20);
  expect(countOf(first, late)).toBe(1);
  expect(countOf(first, large)).toBe(LARGE_ONES - 1);
});

it('is cut in turns where webhooks have limits of their own', async () => {
  const limited = { maxInFlight: 1_000 };
  const targets = [await target(limited), await target(limited)] as const;
  const [large, small] = targets;
  await store(large, 30, LARGE);
  await store(small, 5, 1_000);
  const claimed = await claims().claimPaced(
    targets.map(({ webhookId }) => webhookId),
    ROOM,
  );
  expect(countOf(claimed, small)).toBe(5);
  expect(countOf(claimed, large)).toBe(LARGE_ONES);
});

it('brings of many webhooks with large bodies not those of the same ones each time', async () => {
  const targets = await Promise.all(Array.from({ length: 15 }, () => target()));
  for (const one of targets) await store(one, 3, LARGE);
  const seen = new Set<string>();
  for (let n = 0; n < 3; n += 1)
    for (const { webhookId } of (await claim({ ...ROOM, perWebhook: 1 })).claimed) seen.add(webhookId);
  expect(seen.size).toBeGreaterThan(LARGE_ONES);
});

it('says that it was cut, and only then', async () => {
  const [large, small] = [await target(), await target()];
  await store(large, LARGE_ONES, LARGE);
  await store(small, 1, 1_000);
  expect(await claim({ ...ROOM, perWebhook: 4 })).toMatchObject({ taken: 5, isCut: false });
  await store(large, 5, LARGE);
  expect(await claim()).toMatchObject({ taken: LARGE_ONES, isCut: true });
  expect(await claim()).toMatchObject({ taken: 1, isCut: false });
  expect(await claim()).toMatchObject({ taken: 0, isCut: false });
});

it('goes on behind what it picked, though it brought less of that', async () => {
  const targets = [await target(), await target(), await target()].sort((a, b) => (a.webhookId < b.webhookId ? -1 : 1));
  const [first, second, third] = targets as [Target, Target, Target];
  await store(first, 20, LARGE);
  await store(second, 4, 1_000);
  await store(third, 4, 1_000);
  const room = { ...ROOM, total: 24, perWebhook: 20 };
  const { lastWebhookId, isCut } = await claim(room);
  expect({ lastWebhookId, isCut }).toEqual({ lastWebhookId: second.webhookId, isCut: true });
  const rest = await claims().claim(room, { after: second.webhookId, lowWater: FIRST_ID });
  expect(countOf(rest, third)).toBe(4);
  expect(rest.lastWebhookId).toBeUndefined();
});

it('brings what is small alone where there is no room for large bodies, and says that it left some', async () => {
  const [large, small, limited] = [await target(), await target(), await target({ maxInFlight: 1_000 })];
  for (const one of [large, small, limited]) await store(one, 2, one === small ? 1_000 : LARGE);
  const room = { ...ROOM, takesLarge: false };
  const found = await claim(room);
  expect(countOf(found, small)).toBe(2);
  expect(found).toMatchObject({ taken: 2, isCut: true, paced: [limited.webhookId] });
  expect((await claims().claimPaced(found.paced, room)).taken).toBe(0);
  expect((await claims().claimPaced(found.paced, ROOM)).taken).toBe(2);
  expect(await claim()).toMatchObject({ taken: 2, isCut: false });
});

it('takes of those that are named alone, the first of them first', async () => {
  const limit = { maxInFlight: 1_000 };
  const targets = [await target(), await target(), await target(), await target(limit), await target(limit)];
  const [first, second, unnamed, limited, idle] = targets as [Target, Target, Target, Target, Target];
  for (const one of targets) if (one !== idle) await store(one, 2, 1_000);
  const named = [second, first, limited, idle].map(({ webhookId }) => webhookId);
  const room = { ...ROOM, total: 3 };
  const part = await claims().claimNamed(named, room, FIRST_ID);
  expect([second, first, unnamed].map((one) => countOf(part, one))).toEqual([2, 1, 0]);
  expect(part.lastWebhookId).toBeDefined();
  const rest = await claims().claimNamed(named, room, FIRST_ID);
  expect([second, first, unnamed].map((one) => countOf(rest, one))).toEqual([0, 1, 0]);
  expect(rest).toMatchObject({ taken: 1, paced: [limited.webhookId], isCut: false });
  expect(rest.lastWebhookId).toBeUndefined();
});
