// Outcomes as they are written: those that come too late, and those that several processes write at once.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { SendingCounts } from '../../src/delivery/sending-counts.js';
import { settleText, settleValues } from '../../src/delivery/settle/settle.statements.js';
import { SettleBatch } from '../../src/delivery/settle/settle.js';
import type { Settlement } from '../../src/delivery/settle/settlement.js';
import { systemClock } from '../../src/kernel/clock.js';
import { FIRST_ID } from '../../src/kernel/ids.js';
import { SETTINGS_TOKEN } from '../../src/platform/config/index.js';
import type { Settings } from '../../src/platform/config/index.js';
import { Database } from '../../src/platform/database/index.js';
import { eventually } from '../setup/eventually.js';
import { settlementOf } from '../setup/settlement.js';
import { ADMIN_KEY } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

const WEBHOOKS = 60;
const ROUNDS = 40;
/** More than there are, of those in which JavaScript goes on, between the end of a listener and that of the writing. */
const MOMENTS = 12;

let scene: DeliveryScene;
beforeAll(async () => {
  scene = await DeliveryScene.open({ retrySchedule: [], circuitAfter: 3 });
});
afterEach(() => scene.closeReceivers());
afterAll(() => scene?.close());

/** What `/metrics` counts of failed deliveries. */
async function countedFailures(): Promise<number> {
  const response = await fetch(`${scene.server.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  return Number(/^posthorn_deliveries_total\{status="failed"\} (\d+)$/m.exec(await response.text())?.[1] ?? 0);
}

/** A batch with one outcome of each webhook, of deliveries that are made for it. */
async function batchOf(webhookIds: readonly string[], succeeds: (place: number) => boolean): Promise<Settlement[]> {
  const eventId = await scene.dispatch('nobody.listens');
  const deliveries = await scene.sql<{ id: string; webhook_id: string }>(
    `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, attempt_count, due_at)
     SELECT (left($1::text, 18) || right(gen_random_uuid()::text, 18))::uuid, 'default', $1::uuid, 'a.b', id, 'sending', 1,
            now() + interval '1 hour'
     FROM unnest($2::uuid[]) AS w (id) RETURNING id, webhook_id`,
    [eventId, webhookIds],
  );
  return deliveries.map(({ id, webhook_id: webhookId }) =>
    settlementOf(id, { succeeds: succeeds(webhookIds.indexOf(webhookId)) }),
  );
}

it('tells and counts nothing of an outcome that comes once its delivery is being sent by another process', async () => {
  const listener = await scene.receiver(200);
  await scene.server.webhook(listener.url, ['posthorn.delivery.exhausted'], { ordered: true });
  const leave = new AbortController();
  const stream = await fetch(`${scene.server.url}/api/stream?types=deliveries,attempts`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    signal: leave.signal,
  });
  let streamed = '';
  const decoder = new TextDecoder();
  const reading = async (): Promise<void> => {
    for await (const chunk of stream.body ?? []) streamed += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  void reading().catch(() => undefined);
  const held: (() => void)[] = [];
  const receiver = await scene.receiver((_, response) => void held.push(() => response.writeHead(500).end()));
  const target = await scene.target(receiver.url);
  const late = await target.send();
  await receiver.next();
  await scene.sql('UPDATE posthorn.delivery SET attempt_count = attempt_count + 1 WHERE id = $1', [late]);
  const before = await countedFailures();
  held.forEach((answer) => answer());
  receiver.always(500);
  // Settled behind it, and told of behind it.
  const next = await target.send();
  await scene.becomes(next, 'failed');
  await listener.next();
  await eventually(() => streamed.includes(next), 'the stream tells of what is settled behind it');
  leave.abort();

  expect(listener.received.map(({ body }) => (JSON.parse(body.toString()) as { data: object }).data)).toMatchObject([
    { deliveryId: next },
  ]);
  expect(streamed).not.toContain(late);
  expect(await countedFailures()).toBe(before + 1);
  expect(await scene.delivery(late)).toMatchObject({ status: 'sending', attempts: [] });
});

it('takes an outcome to be written, where an earlier try was committed and no answer came of it', async () => {
  const { webhookId } = await scene.target((await scene.receiver(200)).url);
  const database = scene.server.get(Database);
  const [ours, lost] = [await batchOf([webhookId], () => false), await batchOf([webhookId], () => false)];
  const settings = scene.server.app.get<Settings>(SETTINGS_TOKEN, { strict: false });
  const batch = [...lost, ...ours];
  await scene.sql('UPDATE posthorn.delivery SET attempt_count = 2 WHERE id = $1', [lost[0]!.delivery.id]);
  for (let tries = 0; tries < 2; tries += 1) {
    const told: Settlement[] = [];
    const settle = new SettleBatch(database, settings, systemClock, scene.server.get(SendingCounts));
    settle.onSettled((settled) => Promise.resolve(void told.push(...settled)));
    batch.forEach((settlement) => settle.add(settlement));
    await settle.close(60_000);
    expect(told).toEqual(ours);
  }
});

it('writes an outcome that comes just as the one before it is written, at whatever moment of that', async () => {
  const { webhookId } = await scene.target((await scene.receiver(200)).url);
  const settings = scene.server.app.get<Settings>(SETTINGS_TOKEN, { strict: false });
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const [[first], [second]] = [await batchOf([webhookId], () => false), await batchOf([webhookId], () => false)];
    const settle = new SettleBatch(scene.server.get(Database), settings, systemClock, scene.server.get(SendingCounts));
    const addLater = async (): Promise<void> => {
      for (let turn = 0; turn < moment; turn += 1) await Promise.resolve();
      settle.add(second!);
    };
    const told: Settlement[] = [];
    settle.onSettled((settled) => {
      told.push(...settled);
      if (told.length === 1) void addLater();
      return Promise.resolve();
    });
    settle.add(first!);
    await eventually(() => told.length === 2, `the second is written, which came ${moment} moments after the first`);
  }
});

it('is written by two processes at once for the same webhooks, which fail for one and succeed for the other', async () => {
  const { url } = await scene.receiver(200);
  const webhookIds: string[] = [];
  for (let n = 0; n < WEBHOOKS; n += 1) webhookIds.push((await scene.target(url)).webhookId);
  const database = scene.server.get(Database);
  const statement = { text: settleText(database.tables, `'${FIRST_ID}'`) };

  for (let round = 0; round < ROUNDS; round += 1) {
    await scene.sql(
      `INSERT INTO posthorn.webhook_health (webhook_id, tenant_id, consecutive_failures, failing_since)
       SELECT id, 'default', 1, now() FROM unnest($1::uuid[]) AS w (id) ON CONFLICT DO NOTHING`,
      [webhookIds],
    );
    const batches = [
      await batchOf(webhookIds, (place) => place % 2 === 0),
      await batchOf(webhookIds, (place) => place % 2 === 1),
    ];
    await Promise.all(batches.map((batch) => database.query(statement, settleValues(batch, 0))));
  }
  const [written] = await scene.sql<{ count: number }>(
    `SELECT count(*)::int AS count FROM posthorn.delivery WHERE webhook_id = ANY ($1) AND status <> 'sending'`,
    [webhookIds],
  );
  expect(written).toEqual({ count: 2 * ROUNDS * WEBHOOKS });
});
