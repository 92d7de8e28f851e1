// Sending a webhook's deliveries again: which ones, and as what.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Replayer } from '../../src/delivery/replay/replayer.js';
import { newId, timeOfId } from '../../src/kernel/ids.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';
import type { Delivery as LoggedDelivery, Target } from './delivery.harness.js';
import { finished, LONG_AGO, progressOf } from './replay.harness.js';
import type { Accepted } from './replay.harness.js';

interface Delivery extends LoggedDelivery {
  readonly replayOf: string | null;
}

const NOBODY = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open();
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

const replay = (webhookId: string, body: object = { since: LONG_AGO }, tenant?: string) =>
  scene.server.api<Accepted>('POST', `/api/webhooks/${webhookId}/replay`, body, { tenant });

const logged = async ({ type }: Target): Promise<readonly Delivery[]> => (await scene.logged(type)) as Delivery[];

/** Replays, and waits until each new delivery is final; those of the event type, oldest first. */
async function replayed(target: Target, body: object = { since: LONG_AGO }): Promise<Delivery[]> {
  const before = new Set((await logged(target)).map(({ id }) => id));
  const { status, body: accepted } = await replay(target.webhookId, body);
  expect(status).toBe(202);
  return eventually(async () => {
    const made = (await logged(target)).filter(({ id }) => !before.has(id));
    const final = made.filter(({ completedAt }) => completedAt !== null);
    return final.length === accepted.count && (await finished(scene.server, accepted.id)) && made.reverse();
  }, `${accepted.count} deliveries are replayed`);
}

/** Ids of deliveries that the receiver refused, one after the other. */
async function refused(target: Target, ...data: object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const each of data) {
    const id = await target.send(each);
    await scene.settled(id);
    ids.push(id);
  }
  return ids;
}

const timeOf = (deliveryId: string | undefined): string => new Date(timeOfId(deliveryId ?? '')).toISOString();

describe('a replay', () => {
  it('makes new deliveries of the same events, and leaves the originals as they were', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const originals = await refused(target, { n: 1, text: 'né\u{1f600}' }, { n: 2 });
    const before = await Promise.all(originals.map((id) => scene.delivery(id)));
    receiver.always(200);

    const made = await replayed(target);
    expect(made).toMatchObject(
      before.map(({ id, eventId }) => ({ replayOf: id, eventId, status: 'success', attemptCount: 1 })),
    );
    expect(new Set([...originals, ...made.map(({ id }) => id)]).size).toBe(4);
    expect(await Promise.all(originals.map((id) => scene.delivery(id)))).toEqual(before);

    const [first, second, ...again] = receiver.received;
    expect(again).toHaveLength(2);
    for (const original of [first, second]) {
      const copy = again.find(({ headers }) => headers['webhook-id'] === original?.headers['webhook-id']);
      const delivery = made.find(({ eventId }) => eventId === original?.headers['webhook-id']);
      expect(copy?.body).toEqual(original?.body);
      expect(copy?.headers).toMatchObject({ 'x-webhook-delivery': delivery?.id, 'x-webhook-attempt': '1' });
      const headers = (copy?.headers ?? {}) as Record<string, string>;
      new StandardWebhook(target.secret).verify(copy?.body.toString() ?? '', headers);
    }
  });

  it('only counts on a dry run', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    await refused(target, {}, {}, {});
    const answer = await replay(target.webhookId, { since: LONG_AGO, dryRun: true });
    expect(answer).toMatchObject({ status: 202, body: { count: 3 } });
    expect(answer.body).toEqual({ count: 3 });
    expect(await scene.sql('SELECT id FROM posthorn.replay WHERE webhook_id = $1', [target.webhookId])).toEqual([]);
    expect(await replayed(target)).toHaveLength(3);
    expect(receiver.received).toHaveLength(6);
  });

  it('shows how far it is, and its deliveries with their event', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const [original = ''] = await refused(target, {});
    const { body: accepted } = await replay(target.webhookId, { since: LONG_AGO, status: 'client_error' });
    await eventually(() => finished(scene.server, accepted.id), 'the replay is finished');
    expect(await progressOf(scene.server, accepted.id)).toMatchObject({
      id: accepted.id,
      webhookId: target.webhookId,
      since: '2020-01-01T00:00:00.000Z',
      status: ['client_error'],
      count: 1,
      made: 1,
    });
    const { eventId } = await scene.delivery(original);
    const { body } = await scene.server.api<{ deliveries: Delivery[] }>('GET', `/api/events/${eventId}`);
    expect(body.deliveries).toMatchObject([
      { id: original, replayOf: null },
      { replayOf: original, eventId },
    ]);
    expect((await scene.server.api('GET', `/api/replays/${NOBODY}`)).status).toBe(404);
    await scene.server.api('POST', '/api/tenants', { id: 'replay-reader', name: 'Reader' });
    const foreign = { tenant: 'replay-reader' };
    expect((await scene.server.api('GET', `/api/replays/${accepted.id}`, undefined, foreign)).status).toBe(404);
  });

  it('takes deliveries from since, inclusive, to until, exclusive', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const ids = await refused(target, {}, {}, {}, {});
    const times = ids.map(timeOf);
    expect(new Set(times).size).toBe(4);
    const count = async (body: object): Promise<number> =>
      (await replay(target.webhookId, { dryRun: true, ...body })).body.count;
    expect(await count({ since: times[1] })).toBe(3);
    expect(await count({ since: LONG_AGO, until: times[1] })).toBe(1);
    expect(await count({ since: LONG_AGO, until: '2999-01-01' })).toBe(4);
    expect(await count({ since: '2999-01-01' })).toBe(0);
    const made = await replayed(target, { since: times[1], until: times[3] });
    expect(made.map((delivery) => delivery.replayOf)).toEqual([ids[1], ids[2]]);
  });

  it('takes what did not arrive, or the statuses that are named', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const [success, clientError, failed] = [
      ...(await refused(target, {})),
      ...(receiver.always(404), await refused(target, {})),
      ...(receiver.always(500), await refused(target, {})),
    ];
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/disable`);
    const skipped = await target.send({});
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/enable`);
    expect(
      await Promise.all(
        [success, clientError, failed, skipped].map(async (id) => (await scene.delivery(id ?? '')).status),
      ),
    ).toEqual(['success', 'client_error', 'failed', 'skipped']);
    receiver.always(200);
    const originalsOf = async (status?: string | string[]): Promise<unknown[]> =>
      (await replayed(target, { since: LONG_AGO, status })).map((each) => each.replayOf);
    expect(await originalsOf('failed')).toEqual([failed]);
    expect(await originalsOf(['skipped', 'expired'])).toEqual([skipped]);
    expect(await originalsOf()).toEqual([clientError]);
    expect(await originalsOf()).toEqual([]);
    expect(await originalsOf(['success'])).toHaveLength(4);
  });

  it('sends an event once, however often it failed, and not again once it has arrived', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const [original] = await refused(target, {});
    const replayOf = (made: Delivery[]): unknown[] => made.map((each) => each.replayOf);
    const first = await replayed(target);
    expect(replayOf(first)).toEqual([original]);
    const second = await replayed(target);
    expect(replayOf(second)).toEqual([first[0]?.id]);
    // Of a range that holds the original alone, it is the original.
    const until = timeOf(first[0]?.id);
    expect(replayOf(await replayed(target, { since: LONG_AGO, until }))).toEqual([original]);

    let answer: (() => void) | undefined;
    receiver.always((_, response) => {
      answer = () => void response.writeHead(200).end();
    });
    const { body } = await replay(target.webhookId);
    expect(body.count).toBe(1);
    await eventually(() => answer, 'the replayed delivery is under way');
    expect((await replay(target.webhookId, { since: LONG_AGO, dryRun: true })).body.count).toBe(0);
    answer?.();
    await eventually(async () => (await scene.logged(target.type))[0]?.status === 'success', 'it arrives');
    expect((await replay(target.webhookId, { since: LONG_AGO, dryRun: true })).body.count).toBe(0);
    expect((await replay(target.webhookId, { since: LONG_AGO, until, dryRun: true })).body.count).toBe(0);
  });

  it('leaves out events whose data was erased, and those that are gone', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const [erased = '', gone = '', kept = ''] = await refused(target, {}, {}, {});
    await replayed(target);
    const eventOf = async (id: string): Promise<string> => (await scene.delivery(id)).eventId;
    await scene.sql(`UPDATE posthorn.event SET data = '' WHERE id = $1`, [await eventOf(erased)]);
    await scene.sql('DELETE FROM posthorn.event WHERE id = $1', [await eventOf(gone)]);
    const made = await replayed(target);
    expect(made.map(({ eventId }) => eventId)).toEqual([await eventOf(kept)]);
  });

  it('leaves out what became final only after it was asked for', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    const [later] = await refused(target, {}, {});
    await scene.sql(`UPDATE posthorn.delivery SET completed_at = now() + interval '1 minute' WHERE id = $1`, [later]);
    expect((await replay(target.webhookId, { since: LONG_AGO, dryRun: true })).body.count).toBe(1);
    expect(await replayed(target)).toHaveLength(1);
  });

  it('asked for twice at once sends once', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    await refused(target, {}, {}, {});
    const answers = await Promise.all([1, 2, 3].map(() => replay(target.webhookId)));
    await eventually(async () => {
      const all = await Promise.all(answers.map(({ body }) => finished(scene.server, body.id)));
      return all.every(Boolean);
    }, 'all replays are finished');
    expect(await scene.logged(target.type)).toHaveLength(6);
  });

  it('concerns that webhook alone, of that tenant', async () => {
    const [receiver, neighbour] = [await scene.receiver(404), await scene.receiver(404)];
    const target = await scene.target(receiver.url);
    const other = await scene.server.webhook(neighbour.url, [target.type]);
    await refused(target, {});
    await eventually(() => neighbour.received.length === 1, 'the neighbour refuses too');
    receiver.always(200);
    expect(await replayed(target)).toHaveLength(1);
    expect([receiver.received.length, neighbour.received.length]).toEqual([2, 1]);
    // That the event has arrived elsewhere says nothing of this one.
    expect((await replay(other.id, { since: LONG_AGO, dryRun: true })).body.count).toBe(1);

    await scene.server.api('POST', '/api/tenants', { id: 'replay-foreign', name: 'Foreign' });
    expect((await replay(other.id, { since: LONG_AGO }, 'replay-foreign')).status).toBe(404);
    expect((await replay(NOBODY)).status).toBe(404);
    expect((await replay('nonsense')).status).toBe(404);
    expect(await scene.sql('SELECT FROM posthorn.replay WHERE webhook_id = $1', [other.id])).toEqual([]);
  });

  it('is refused for a webhook that is disabled or deleted', async () => {
    const receiver = await scene.receiver(404);
    const target = await scene.target(receiver.url);
    await scene.server.api('POST', `/api/webhooks/${target.webhookId}/disable`);
    expect(await replay(target.webhookId)).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    await scene.server.api('DELETE', `/api/webhooks/${target.webhookId}`);
    expect((await replay(target.webhookId)).status).toBe(404);
  });

  const malformed: [string, object][] = [
    ['no since', {}],
    ['a since that is no moment', { since: 'yesterday' }],
    ['null', { since: null }],
    ['a status that is not final', { since: LONG_AGO, status: 'pending' }],
    ['one that is not final among others', { since: LONG_AGO, status: ['failed', 'retrying'] }],
    ['no status in the list', { since: LONG_AGO, status: [] }],
    ['dryRun that is no boolean', { since: LONG_AGO, dryRun: 'true' }],
    ['an unknown field', { since: LONG_AGO, limit: 1 }],
  ];
  it.each(malformed)('is refused with %s', async (_, body) => {
    const target = await scene.target('http://127.0.0.1:9/');
    expect(await replay(target.webhookId, body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  });
});

it('goes on in turns of tenants: one with replays of many webhooks does not hold up another’s', async () => {
  for (const id of ['many', 'one']) await scene.server.api('POST', '/api/tenants', { id, name: id });
  const ids = (count: number): string[] => Array.from({ length: count }, () => newId());
  // The webhook of the other tenant is the last in the order of webhooks.
  const webhooks = [...ids(300).map((id) => ({ id, tenant: 'many' })), { id: newId(), tenant: 'one' }];
  await scene.sql(
    `WITH made AS (
       INSERT INTO posthorn.webhook (id, tenant_id, url, patterns)
       SELECT id, tenant, 'http://127.0.0.1:9/', '{a}' FROM unnest($1::uuid[], $2::text[]) AS w (id, tenant) RETURNING id, tenant_id)
     INSERT INTO posthorn.replay (id, tenant_id, webhook_id, since_id, until_id, statuses, total)
     SELECT id, tenant_id, id, id, id, '{failed}', 0 FROM made`,
    [webhooks.map(({ id }) => id), webhooks.map(({ tenant }) => tenant)],
  );
  scene.server.get(Replayer).lookEverywhere();
  const [row] = await eventually(async () => {
    const rows = await scene.sql<{ before: number; left: number }>(
      `SELECT count(*) FILTER (WHERE finished_at < (SELECT finished_at FROM posthorn.replay WHERE tenant_id = 'one'))::int AS before,
              count(*) FILTER (WHERE finished_at IS NULL)::int AS left
       FROM posthorn.replay WHERE tenant_id IN ('many', 'one')`,
    );
    return rows[0]?.left === 0 && rows;
  }, 'all replays are finished');
  expect(row?.before).toBeLessThanOrEqual(1);
});

it('is refused while as many of its webhook are unfinished as may be, and another webhook’s is not', async () => {
  // Nothing is sent by this role: what is asked for stays as it is.
  const idle = await startTestServer({ role: 'api' });
  const webhooks = [await idle.webhook('http://127.0.0.1:9/', ['a']), await idle.webhook('http://127.0.0.1:9/', ['a'])];
  const ask = ({ id }: { id: string }, body: object = {}) =>
    idle.api<Accepted & { code?: string }>('POST', `/api/webhooks/${id}/replay`, { since: LONG_AGO, ...body });
  for (let n = 0; n < 100; n += 1) expect((await ask(webhooks[0]!)).status).toBe(202);
  expect(await ask(webhooks[0]!)).toMatchObject({ status: 409, body: { code: 'too_many_replays' } });
  expect(await ask(webhooks[0]!, { dryRun: true })).toMatchObject({ status: 202, body: { count: 0 } });
  expect(await ask(webhooks[1]!)).toMatchObject({ status: 202 });
  await idle.close();
});
