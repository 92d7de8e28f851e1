// Ordered webhooks: what belongs together arrives in the order of its events, whatever fails, crashes or is retried.
import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { eventually } from '../setup/eventually.js';
import type { TestReceiver } from '../setup/receiver.js';
import type { Received } from '../setup/receiver.js';
import { ADMIN_KEY } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';
import { ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { closedAfterEach } from './pace.harness.js';

const { scene, receive, keep } = closedAfterEach();

interface Fact {
  readonly n: number;
  readonly key?: string;
}

const factOf = ({ body }: Received): Fact => (JSON.parse(body.toString()) as { data: Fact }).data;
const numbers = ({ received }: TestReceiver): number[] => received.map((request) => factOf(request).n);

/** What came, without the repetitions of attempts that failed or were cut off. */
const inOrderOfFirstArrival = (all: readonly number[]): number[] => [...new Set(all)];

/** Dispatches facts with the numbers `from` to `to`, all of one key, or the key that `keyOf` says. */
async function dispatch(
  server: TestServer,
  from: number,
  to: number,
  keyOf: (n: number) => string | undefined = () => undefined,
): Promise<string[]> {
  const events = Array.from({ length: to - from + 1 }, (_, i) => from + i).map((n) => {
    const key = keyOf(n);
    return { event: 'order.changed', data: { n, key }, ...(key !== undefined && { orderingKey: key }) };
  });
  const { status, body } = await server.api<{ results: { id: string }[] }>('POST', '/api/events/batch', { events });
  expect(status).toBe(202);
  return body.results.map(({ id }) => id);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

/** A receiver that says, for each key, what is in flight: an overlap of two is a break of the order. */
function watchOverlaps(answer: (request: Received) => number): {
  overlaps: string[];
  answer: (request: Received, response: import('node:http').ServerResponse) => void;
} {
  const inFlight = new Map<string, number>();
  const overlaps: string[] = [];
  return {
    overlaps,
    answer: (request, response) => {
      const { key = '', n } = factOf(request);
      const other = inFlight.get(key);
      if (other !== undefined) overlaps.push(`${key}: ${n} while ${other}`);
      inFlight.set(key, n);
      setImmediate(() => {
        inFlight.delete(key);
        response.writeHead(answer(request)).end();
      });
    },
  };
}

describe('an ordered webhook', () => {
  it('gets 500 events of one batch in exact order from two workers, failures and retries in between', async () => {
    const pace = await scene({ retrySchedule: ['20ms', '20ms', '20ms'] });
    const [first] = await Promise.all([pace.worker(), pace.worker()]);
    const tries = new Map<number, number>();
    const watch = watchOverlaps((request) => {
      const { n } = factOf(request);
      const attempt = (tries.get(n) ?? 0) + 1;
      tries.set(n, attempt);
      // Some fail once, one is refused for good, one fails for good.
      if (n === 100) return 400;
      if (n === 200) return 500;
      return n % 50 === 0 && attempt === 1 ? 503 : 200;
    });
    const receiver = await receive(watch.answer);
    const { id } = await first.webhook(receiver.url, ['order.*'], { ordered: true });
    await dispatch(first, 1, 500);
    await eventually(async () => (await pace.count(id, 'success')) === 498, 'all are final', { within: 240_000 });
    const arrived = numbers(receiver);
    // Each attempt, repetitions too, is of a number no smaller than the one before.
    expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
    expect(inOrderOfFirstArrival(arrived)).toEqual(upTo(500));
    expect(arrived.length).toBeGreaterThan(500);
    expect(watch.overlaps).toEqual([]);
    expect([await pace.count(id, 'client_error'), await pace.count(id, 'failed')]).toEqual([1, 1]);
  });

  it('gets the events of each key in order, and other keys meanwhile', async () => {
    const pace = await scene();
    const [first] = await Promise.all([pace.worker(), pace.worker()]);
    const held = new Map<string, () => void>();
    const receiver = await receive((request, response) => {
      const { key = 'none' } = factOf(request);
      expect(held.has(key)).toBe(false);
      held.set(key, () => void response.writeHead(200).end());
    });
    const { id } = await first.webhook(receiver.url, ['order.*'], { ordered: true });
    const keys = ['a', 'b', undefined];
    await dispatch(first, 1, 30, (n) => keys[n % 3]);
    for (let round = 1; round <= 10; round += 1) {
      await eventually(() => held.size === 3, `one of each key is in flight, round ${round}`);
      expect(receiver.received).toHaveLength(3 * round);
      for (const [key, answer] of [...held]) {
        held.delete(key);
        answer();
      }
    }
    await eventually(async () => (await pace.count(id, 'success')) === 30, 'all arrive');
    for (const key of keys) {
      const ofKey = receiver.received.map(factOf).filter((fact) => fact.key === key);
      expect(ofKey.map(({ n }) => n)).toEqual(upTo(30).filter((n) => keys[n % 3] === key));
    }
  });

  it('waits behind a delivery that is retried, and behind nothing once it is final', async () => {
    const pace = await scene({ retrySchedule: ['1h'] });
    const server = await pace.worker();
    const receiver = await receive();
    receiver.answers(500);
    const { id } = await server.webhook(receiver.url, ['order.*'], { ordered: true });
    const witness = await receive();
    await server.webhook(witness.url, ['order.*']);
    const [event] = await dispatch(server, 1, 3);
    await eventually(async () => (await pace.count(id, 'retrying')) === 1, 'the first waits to be retried');
    await eventually(() => witness.received.length === 3, 'others do not wait for it');
    // A delivery of another key goes past: whatever could have been sent meanwhile was.
    await dispatch(server, 4, 4, () => 'other');
    await eventually(async () => (await pace.count(id, 'success')) === 1, 'the other key goes past');
    expect(numbers(receiver)).toEqual([1, 4]);
    expect(await pace.count(id, 'pending')).toBe(2);

    const detail = await server.api<{ deliveries: { id: string; webhookId: string }[] }>('GET', `/api/events/${event}`);
    const head = detail.body.deliveries.find(({ webhookId }) => webhookId === id);
    expect((await server.api('POST', `/api/deliveries/${head?.id}/retry`)).status).toBe(202);
    await eventually(async () => (await pace.count(id, 'success')) === 4, 'all arrive');
    expect(numbers(receiver)).toEqual([1, 4, 1, 2, 3]);
  });

  it('sends one that is retried by hand before those that wait, and a replayed one after them', async () => {
    const pace = await scene({ retrySchedule: [] });
    const server = await pace.worker();
    const held: { n: number; answer: (status: number) => void }[] = [];
    const receiver = await receive((request, response) => {
      held.push({ n: factOf(request).n, answer: (status) => void response.writeHead(status).end() });
    });
    const { id } = await server.webhook(receiver.url, ['order.*'], { ordered: true });
    const since = new Date(0).toISOString();
    const [event] = await dispatch(server, 1, 1);
    const flight = async (n: number) => eventually(() => held.find((one) => one.n === n), `${n} is in flight`);
    const answer = async (n: number, status = 200) => {
      const one = await flight(n);
      held.splice(held.indexOf(one), 1);
      one.answer(status);
    };
    await answer(1, 500);
    await eventually(async () => (await pace.count(id, 'failed')) === 1, 'the first has failed');
    await dispatch(server, 2, 4);
    await flight(2);
    const detail = await server.api<{ deliveries: { id: string }[] }>('GET', `/api/events/${event}`);
    expect((await server.api('POST', `/api/webhooks/${id}/replay`, { since })).body).toMatchObject({ count: 1 });
    await eventually(
      async () => (await pace.sql('SELECT FROM posthorn.delivery WHERE replay_of IS NOT NULL')).length === 1,
      'the replay is made',
    );
    expect((await server.api('POST', `/api/deliveries/${detail.body.deliveries[0]?.id}/retry`)).status).toBe(202);
    // One of another key goes past: whatever could have been sent meanwhile was, and what is in flight is still alone.
    await dispatch(server, 5, 5, () => 'other');
    await flight(5);
    expect(held.map(({ n }) => n)).toEqual([2, 5]);
    // Then 1, by hand; then those that waited; at last the replay, of 1 again.
    for (const n of [5, 2, 1, 3, 4, 1]) await answer(n);
    await eventually(async () => (await pace.count(id, 'success')) === 6, 'all arrive');
    expect(numbers(receiver)).toEqual([1, 2, 5, 1, 3, 4, 1]);
  });

  it('sends at once what it was holding when the order is taken away, and keeps it for what comes after it is set', async () => {
    const pace = await scene({ retrySchedule: ['1h'] });
    const server = await pace.worker();
    const receiver = await receive();
    receiver.answers(500);
    const { id } = await server.webhook(receiver.url, ['order.*'], { ordered: true });
    await dispatch(server, 1, 3);
    await eventually(async () => (await pace.count(id, 'retrying')) === 1, 'the first waits to be retried');
    expect(await pace.count(id, 'pending')).toBe(2);
    await server.api('PATCH', `/api/webhooks/${id}`, { ordered: false });
    await eventually(async () => (await pace.count(id, 'success')) === 2, 'the others go past');
    // What has no lane does not hold up the lanes, nor is it held up.
    receiver.answers(500);
    await dispatch(server, 4, 4);
    await eventually(async () => (await pace.count(id, 'retrying')) === 2, 'the fourth waits to be retried');
    await server.api('PATCH', `/api/webhooks/${id}`, { ordered: true });
    await pace.sql(
      `UPDATE posthorn.delivery SET status = 'pending', due_at = now() WHERE lane IS NULL AND status = 'retrying'`,
    );
    await eventually(async () => (await pace.count(id, 'success')) === 3, 'what was made before is sent');
    // In any order: it was taken away from the second and the third.
    expect(numbers(receiver).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 4]);
  });

  it('does not wait for what is to be delivered later, nor for what expires', async () => {
    const pace = await scene({ retrySchedule: ['1h'] });
    const server = await pace.worker();
    const receiver = await receive();
    const { id } = await server.webhook(receiver.url, ['order.*'], { ordered: true });
    const later = { deliverAt: new Date(Date.now() + 3_600_000).toISOString() };
    const event = (n: number, more: object = {}) => ({ event: 'order.changed', data: { n }, ...more });
    await server.api('POST', '/api/events', event(1, later));
    await dispatch(server, 2, 3);
    await eventually(async () => (await pace.count(id, 'success')) === 2, 'the others go past');
    expect(numbers(receiver)).toEqual([2, 3]);

    // Its time comes: it is older than those that wait, so it is the next.
    receiver.answers(500);
    await dispatch(server, 4, 4);
    await eventually(async () => (await pace.count(id, 'retrying')) === 2, 'the fourth waits to be retried');
    await dispatch(server, 5, 24);
    await pace.sql(`UPDATE posthorn.delivery SET due_at = now() WHERE status = 'retrying' AND attempt_count = 0`);
    await eventually(async () => (await pace.count(id, 'success')) === 3, 'it is sent');
    expect(numbers(receiver)).toEqual([2, 3, 4, 1]);

    // The head and many behind it expire; what is behind them goes.
    await pace.sql(
      `UPDATE posthorn.delivery SET expires_at = now(), due_at = now()
       WHERE status IN ('pending', 'retrying') AND event_id NOT IN (SELECT max(id::text)::uuid FROM posthorn.event)`,
    );
    await eventually(async () => (await pace.count(id, 'success')) === 4, 'the last one is sent');
    expect(numbers(receiver)).toEqual([2, 3, 4, 1, 24]);
    expect(await pace.count(id, 'expired')).toBe(20);
  });

  it('takes an ordering key of 1 to 255 printable characters, shows it, and minds it in idempotency', async () => {
    const pace = await scene({ role: 'api' });
    const server = await pace.worker();
    for (const orderingKey of ['', 'a'.repeat(256), 'ä', 'a\nb', 5, {}]) {
      const { status, body } = await server.api('POST', '/api/events', { event: 'a', data: {}, orderingKey });
      expect({ orderingKey, status, code: body.code }).toEqual({
        orderingKey,
        status: 400,
        code: 'invalid_ordering_key',
      });
    }
    const event = { event: 'a', data: {}, orderingKey: 'k'.repeat(255), idempotencyKey: 'once' };
    const { body } = await server.api<{ id: string }>('POST', '/api/events', event);
    expect((await server.api('GET', `/api/events/${body.id}`)).body).toMatchObject({ orderingKey: 'k'.repeat(255) });
    expect((await server.api('POST', '/api/events', event)).body).toMatchObject({ id: body.id });
    expect((await server.api('POST', '/api/events', { ...event, orderingKey: 'other' })).status).toBe(409);
  });
});

describe('an ordered webhook whose sender is killed', () => {
  it('loses nothing and keeps its order, through kill -9 of one of two workers', async () => {
    await ensureBuiltOnce();
    const encryptionKey = randomBytes(32).toString('base64');
    const pace = await scene({ role: 'api', encryptionKey });
    const api = await pace.worker();
    const start = (): ServerProcess =>
      new ServerProcess({
        DATABASE_URL: api.databaseUrl,
        ENCRYPTION_KEY: encryptionKey,
        ADMIN_API_KEY: ADMIN_KEY,
        ROLE: 'worker',
        ALLOW_HTTP: 'true',
        ALLOW_NETWORKS: '127.0.0.0/8',
        RETRY_SCHEDULE: '100ms,100ms',
      });
    const workers = [start(), start()];
    keep({ close: () => Promise.all(workers.map((worker) => worker.kill())) });
    await Promise.all(workers.map((worker) => worker.url()));
    const keyOf = (n: number): string => `key-${n % 4}`;
    let answers = true;
    let hanging = 0;
    const receiver = await receive((_, response) => {
      if (answers) response.writeHead(200).end();
      else hanging += 1;
    });
    const { id } = await api.webhook(receiver.url, ['order.*'], { ordered: true });
    await dispatch(api, 1, 200, keyOf);
    await eventually(() => receiver.received.length >= 40, 'it is under way');
    // Requests hang, so that the kill cuts some of them off.
    answers = false;
    await eventually(() => hanging === 4, 'each lane has one that hangs');
    await workers[0]?.kill();
    answers = true;
    const cut = await pace.count(id, 'sending');
    // Leases end as time would have them.
    await pace.sql(`UPDATE posthorn.delivery SET due_at = now() WHERE status = 'sending' AND webhook_id = $1`, [id]);
    await eventually(async () => (await pace.count(id, 'success')) === 200, 'all arrive', { within: 240_000 });
    expect(cut).toBe(4);
    for (const key of ['key-0', 'key-1', 'key-2', 'key-3']) {
      const arrived = receiver.received.map(factOf).filter((fact) => fact.key === key);
      const order = arrived.map(({ n }) => n);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(inOrderOfFirstArrival(order)).toEqual(upTo(200).filter((n) => keyOf(n) === key));
    }
  });
});
