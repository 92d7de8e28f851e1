// GET /api/stream?types=: what happens to deliveries, while it happens, to those who may see it, whichever process sends.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { ADMIN_KEY } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

const encryptionKey = randomBytes(32).toString('base64');
let scene: DeliveryScene;
/** Answers HTTP alone: what it tells, others have done. */
let replica: DeliveryScene;
const leaving: AbortController[] = [];

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();
  scene = await DeliveryScene.open({ databaseUrl, encryptionKey });
  replica = await DeliveryScene.open({ databaseUrl, encryptionKey, role: 'api' });
  await scene.server.api('POST', '/api/tenants', { id: 'acme', name: 'Acme' });
});
afterEach(async () => {
  for (const leave of leaving.splice(0)) leave.abort();
  await scene.closeReceivers();
});
afterAll(async () => {
  await replica?.close();
  await scene?.close();
});

/** Follows from the moment on at which it fulfils. */
async function follow(
  query: string,
  { at = scene, headers = {} }: { at?: DeliveryScene; headers?: Record<string, string> } = {},
) {
  const leave = new AbortController();
  leaving.push(leave);
  const response = await fetch(`${at.server.url}/api/stream${query}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
    signal: leave.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  const reading = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  void reading().catch(() => undefined);
  const told = (): Told[] =>
    [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id = '', event = '', data = '']) => ({
      id,
      event,
      data: JSON.parse(data) as Record<string, unknown>,
    }));
  const tells = (event: string, about: object): Promise<Told> =>
    eventually(
      () => told().find((each) => each.event === event && Object.entries(about).every(([k, v]) => each.data[k] === v)),
      `the stream tells of ${event} ${JSON.stringify(about)}`,
    );
  return { status: response.status, told, tells, leave: () => leave.abort() };
}

describe('a stream of deliveries', () => {
  it('tells of every attempt and of how it ended, to its tenant alone, from whichever process', async () => {
    const receiver = await scene.receiver(200);
    receiver.answers(500, 404);
    const target = await scene.target(receiver.url, { retrySchedule: ['20ms'] });
    const [all, ends, old, acme] = await Promise.all([
      follow('?types=attempts,deliveries', { at: replica }),
      follow('?types=deliveries'),
      follow(''),
      follow('?types=attempts,deliveries,operational', { headers: { 'x-tenant': 'acme' } }),
    ]);
    // The process that delivers hears by a hint that somebody follows elsewhere.
    const other = await scene.target((await scene.receiver(200)).url);
    await eventually(async () => {
      await scene.settled(await other.send());
      return all.told().length > 0;
    }, 'the process that delivers has heard of its followers');
    const failed = await target.send();
    await scene.settled(failed);
    const succeeded = await target.send();
    await all.tells('delivery', { deliveryId: succeeded });
    await ends.tells('delivery', { deliveryId: succeeded });
    const { eventId } = await scene.delivery(failed);
    const of = { deliveryId: failed, eventId, webhookId: target.webhookId, event: target.type };
    const took = { durationMs: expect.any(Number), startedAt: expect.any(String) };
    const mine = all.told().filter(({ data }) => data.deliveryId === failed);
    expect(mine.map(({ event, data }) => ({ event, data }))).toEqual([
      { event: 'attempt', data: { ...of, number: 1, outcome: 'server_error', httpStatus: 500, ...took } },
      { event: 'attempt', data: { ...of, number: 2, outcome: 'client_error', httpStatus: 404, ...took } },
      { event: 'delivery', data: { ...of, status: 'client_error', reason: null, attemptCount: 2 } },
    ]);
    const ended = ends.told().filter(({ data }) => data.webhookId === target.webhookId);
    expect(ended.map(({ event, data }) => [event, data.deliveryId, data.status])).toEqual([
      ['delivery', failed, 'client_error'],
      ['delivery', succeeded, 'success'],
    ]);
    expect([...old.told(), ...acme.told()]).toEqual([]);
  });

  it('tells of deliveries that end without an attempt: of a webhook that is disabled before, or meanwhile, or too late', async () => {
    const answers: (() => void)[] = [];
    const slow = await scene.receiver((_, response) => void answers.push(() => response.writeHead(200).end()));
    const target = await scene.target((await scene.receiver(503)).url, { retrySchedule: ['1h'] });
    const queue = await scene.target(slow.url, { maxInFlight: 1 });
    const reader = await follow('?types=deliveries', { at: replica });
    const told = async (deliveryId: string) => (await reader.tells('delivery', { deliveryId })).data;
    const about = async (deliveryId: string, { type, webhookId }: { type: string; webhookId: string }) => {
      const { eventId } = await scene.delivery(deliveryId);
      return { deliveryId, eventId, event: type, webhookId };
    };
    // The process that stores hears by a hint that somebody follows elsewhere.
    const other = await scene.target((await scene.receiver(200)).url);
    await eventually(async () => {
      await scene.settled(await other.send());
      return reader.told().length > 0;
    }, 'the process that stores has heard of its followers');

    const retrying = await target.send();
    await scene.becomes(retrying, 'retrying');
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/disable`);
    const skipped = { status: 'skipped', reason: 'webhook_disabled' };
    expect(await told(retrying)).toEqual({ ...(await about(retrying, target)), ...skipped, attemptCount: 1 });
    const stored = await target.send();
    expect(await told(stored)).toEqual({ ...(await about(stored, target)), ...skipped, attemptCount: 0 });
    const { body } = await scene.server.api<{ id: string }>('POST', '/api/events', { event: target.type, data: {} });
    const again = await scene.deliveryOf(body.id, target.webhookId);
    expect(await told(again)).toMatchObject(skipped);

    await queue.send();
    await slow.next();
    const late = await queue.send();
    await scene.sql(`UPDATE posthorn.delivery SET expires_at = now() WHERE id = $1`, [late]);
    answers[0]!();
    expect(await told(late)).toEqual({
      ...(await about(late, queue)),
      status: 'expired',
      reason: 'too_late',
      attemptCount: 0,
    });
  });

  it('tells of operational events', async () => {
    const receiver = await scene.receiver(410);
    const target = await scene.target(receiver.url);
    const reader = await follow('?types=operational');
    await scene.settled(await target.send());
    const { data } = await reader.tells('operational', { type: 'posthorn.webhook.disabled' });
    expect(data).toEqual({
      id: expect.any(String),
      type: 'posthorn.webhook.disabled',
      occurredAt: expect.any(String),
      data: { webhookId: target.webhookId, reason: 'gone' },
    });
  });

  it('goes on after the id that a reader got last, and leaves out nothing that happened meanwhile', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const reader = await follow('?types=attempts');
    const first = await target.send();
    const { id } = await reader.tells('attempt', { deliveryId: first });
    reader.leave();
    const missed: string[] = [];
    for (let n = 0; n < 5; n += 1) missed.push(await target.send());
    for (const each of missed) await scene.settled(each);
    const again = await follow('?types=attempts', { at: replica, headers: { 'last-event-id': id } });
    for (const each of missed) await again.tells('attempt', { deliveryId: each });
    const told = again.told().map(({ data }) => data.deliveryId);
    expect(told.filter((each) => missed.includes(each as string)).sort()).toEqual(missed.sort());
    expect(told).not.toContain(first);
  });

  it('takes the scope of what is followed', async () => {
    const withScopes = async (...scopes: string[]) => {
      const { body } = await scene.server.api<{ key: string }>('POST', '/api/api-keys', { name: 'k', scopes });
      return { headers: { authorization: `Bearer ${body.key}` } };
    };
    const statuses = async (how: { headers: Record<string, string> }) =>
      Promise.all(
        ['', '?types=received', '?types=attempts', '?types=received,operational'].map(
          async (query) => (await follow(query, how)).status,
        ),
      );
    expect(await statuses(await withScopes('sources:read'))).toEqual([200, 200, 403, 403]);
    expect(await statuses(await withScopes('deliveries:read'))).toEqual([403, 403, 200, 403]);
    expect(await statuses(await withScopes('sources:read', 'deliveries:write'))).toEqual([200, 200, 200, 200]);
    for (const query of ['?types=', '?types=everything', '?types=attempts,attempts', '?types=attempts&types=received'])
      expect((await follow(query)).status).toBe(400);
  });

  it('costs nothing while nobody reads: nothing is kept of a tenant that nobody follows', async () => {
    const receiver = await scene.receiver(200);
    await scene.server.api('POST', '/api/tenants', { id: 'globex', name: 'Globex' });
    const globex = { tenant: 'globex' };
    const other = await follow('?types=attempts');
    await scene.server.api('POST', '/api/webhooks', { url: receiver.url, events: ['a.b'] }, globex);
    await scene.server.api('POST', '/api/events', { event: 'a.b', data: {} }, globex);
    await receiver.next();
    const target = await scene.target(receiver.url);
    await other.tells('attempt', { deliveryId: await target.send() });
    expect(await scene.sql(`SELECT FROM posthorn.live_entry WHERE tenant_id = 'globex'`)).toEqual([]);
  });
});
