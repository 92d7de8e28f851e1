// Old rows go by whole partitions; what is still needed stays, and nobody waits for it.
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { dataSourceOptions } from '../../src/persistence.js';
import { Database } from '../../src/platform/database/database.js';
import { Partitions, PosthornDataSource, Retention } from '../../src/platform/database/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startTestServer } from '../setup/server.js';

const DAY_MS = 86_400_000;
const RETENTION_MS = 30 * DAY_MS;
const DAY = Date.parse('2031-05-10T00:00:00Z');
/** The first moment at which the whole of DAY is past the retention. */
const PAST = DAY + DAY_MS + RETENTION_MS;
const NOON = DAY + DAY_MS / 2;

const KEYS = {
  event: 'id',
  delivery: 'id',
  delivery_attempt: 'delivery_id',
  received_event: 'id',
  handler_run: 'received_event_id',
} as const;
const TABLES = Object.keys(KEYS) as (keyof typeof KEYS)[];

let client: pg.Client;
let database: Database;
let partitions: Partitions;
let retention: Retention;
const open: { end(): Promise<void> }[] = [];
let url: string;

async function connect(): Promise<pg.Client> {
  const made = new pg.Client(url);
  made.on('error', () => undefined);
  await made.connect();
  open.push(made);
  return made;
}

beforeEach(async () => {
  ({ url } = await cloneDatabase());
  client = await connect();
  const dataSource = await new PosthornDataSource(dataSourceOptions({ url })).initialize();
  open.push({ end: () => dataSource.destroy() });
  database = new Database(dataSource);
  partitions = new Partitions(database);
  retention = new Retention(database, { retentionMs: RETENTION_MS });
  Logger.overrideLogger(false);
});
afterEach(() => {
  Logger.overrideLogger(['log', 'warn', 'error']);
});
afterAll(() => Promise.all(open.map((each) => each.end())));

/** An id of a moment, like those of an event and its deliveries: they share their first 18 characters. */
const idAt = (at: number): string => lowestIdAt(at).slice(0, 18) + randomUUID().slice(18);

interface Rows {
  readonly status?: string;
  readonly eventId?: string;
  readonly replayOf?: string;
}

async function addDelivery(at: number, { status = 'success', eventId = idAt(at), replayOf }: Rows = {}) {
  const id = replayOf ? idAt(at) : eventId.slice(0, 18) + randomUUID().slice(18);
  await client.query(
    `insert into posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, replay_of)
     values ($1, 'default', $2, 'a.b', $3, $4, $5)`,
    [id, eventId, randomUUID(), status, replayOf ?? null],
  );
  await client.query(
    `insert into posthorn.delivery_attempt (delivery_id, number, tenant_id, started_at, duration_ms, outcome)
     values ($1, 1, 'default', now(), 5, 'success')`,
    [id],
  );
  return id;
}

async function addEvent(at: number, rows: Rows = {}): Promise<{ eventId: string; deliveryId: string }> {
  const eventId = idAt(at);
  await client.query(
    `insert into posthorn.event (id, tenant_id, type, occurred_at, data) values ($1, 'default', 'a.b', now(), '{}')`,
    [eventId],
  );
  return { eventId, deliveryId: await addDelivery(at, { ...rows, eventId }) };
}

async function addReceived(at: number, run: { status: string; due: boolean }): Promise<string> {
  const id = idAt(at);
  await client.query(
    `insert into posthorn.received_event (id, tenant_id, source_id, source, provider, external_id, type, status, headers, body)
     values ($1, 'default', $2, 's', 'stripe', gen_random_uuid()::text, 'a.b', 'processed', '{}', '{}')`,
    [id, randomUUID()],
  );
  await client.query(
    `insert into posthorn.handler_run (received_event_id, handler, tenant_id, position, status, due_at)
     values ($1, 'A.b', 'default', 1, $2, case when $3 then now() end)`,
    [id, run.status, run.due],
  );
  return id;
}

const done = { status: 'succeeded', due: false };

async function partitionsOf(table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = ('posthorn.' || $1)::regclass and c.relname not like '%default' and c.relname like '%2031%' order by 1`,
    [table],
  );
  return rows.map(({ name }) => name.slice(table.length + 1));
}

const left = async (): Promise<Record<string, string[]>> =>
  Object.fromEntries(await Promise.all(TABLES.map(async (table) => [table, await partitionsOf(table)] as const)));

const everywhere = (...days: string[]) => Object.fromEntries(TABLES.map((table) => [table, days]));
const ALL = ['20310510', '20310511', '20310512', '20310513'];
const YOUNGER = ALL.slice(1);

async function count(table: keyof typeof KEYS): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from posthorn.${table}`);
  return rows[0]?.n ?? -1;
}

describe('partitions', () => {
  it('are dropped once their whole range is past the retention, and not a millisecond before', async () => {
    await partitions.makeAhead(DAY);
    await addEvent(NOON);
    await addReceived(NOON, done);
    await retention.enforce(PAST - 1);
    expect(await left()).toEqual(everywhere(...ALL));
    await retention.enforce(PAST);
    expect(await left()).toEqual(everywhere(...YOUNGER));
    expect(await Promise.all(TABLES.map(count))).toEqual([0, 0, 0, 0, 0]);
  });

  it('are dropped once, however many processes do it', async () => {
    await partitions.makeAhead(DAY);
    const others = [1, 2, 3].map(() => new Retention(database, { retentionMs: RETENTION_MS }));
    await Promise.all(others.map((each) => each.enforce(PAST)));
    await retention.enforce(PAST);
    expect(await left()).toEqual(everywhere(...YOUNGER));
  });

  it.each(['pending', 'sending', 'retrying'])('stay while a delivery in them is %s', async (status) => {
    await partitions.makeAhead(DAY);
    const { deliveryId } = await addEvent(NOON, { status });
    await addEvent(NOON);
    await retention.enforce(PAST + DAY_MS);
    const sending = { event: ALL, delivery: ALL, delivery_attempt: ALL };
    const after = ALL.slice(2);
    for (const [table, days] of Object.entries(sending)) {
      expect([table, await partitionsOf(table)]).toEqual([table, [days[0], ...after]]);
    }
    expect(await partitionsOf('received_event')).toEqual(after);
    expect(await count('delivery_attempt')).toBe(2);

    await client.query(`update posthorn.delivery set status = 'failed' where id = $1`, [deliveryId]);
    await retention.enforce(PAST + DAY_MS);
    expect(await left()).toEqual(everywhere(...after));
  });

  it('keep an event while a replay of it, made much later, still waits', async () => {
    await partitions.makeAhead(DAY);
    const { eventId, deliveryId } = await addEvent(NOON);
    const replay = await addDelivery(DAY + 3 * DAY_MS, { status: 'retrying', eventId, replayOf: deliveryId });
    await retention.enforce(PAST);
    expect(await left()).toEqual({ ...everywhere(...YOUNGER), event: ALL });
    await client.query(`update posthorn.delivery set status = 'success' where id = $1`, [replay]);
    await retention.enforce(PAST);
    expect(await left()).toEqual(everywhere(...YOUNGER));
  });

  it('keep a received event while a handler of it is still to run', async () => {
    await partitions.makeAhead(DAY);
    await addReceived(NOON, { status: 'failed', due: true });
    await retention.enforce(PAST);
    expect(await left()).toMatchObject({ received_event: ALL, handler_run: ALL, event: YOUNGER });
    // Failed for good: nothing will run it again by itself.
    await client.query('update posthorn.handler_run set due_at = null');
    await retention.enforce(PAST);
    expect(await left()).toEqual(everywhere(...YOUNGER));
  });

  it('that someone reads are left for a later round, and nobody else waits for it', async () => {
    await partitions.makeAhead(DAY);
    await addEvent(NOON);
    const [reader, writer] = [await connect(), await connect()];
    await reader.query('begin');
    await reader.query('select count(*) from posthorn.event');
    // Longer than a busy machine needs; without end where the drop made it wait for the reader.
    await writer.query(`set statement_timeout = '20s'`);
    let over = false;
    const round = retention.enforce(PAST).finally(() => (over = true));
    let written = 0;
    while (!over) {
      await writer.query(
        `insert into posthorn.event (id, tenant_id, type, occurred_at, data) values ($1, 'default', 'a.b', now(), '{}')`,
        [idAt(DAY + DAY_MS + 1)],
      );
      written += 1;
    }
    await round;
    expect(written).toBeGreaterThan(0);
    expect(await left()).toEqual({ ...everywhere(...YOUNGER), event: ALL });

    await reader.query('commit');
    await retention.enforce(PAST);
    expect(await left()).toEqual(everywhere(...YOUNGER));
    expect(await count('event')).toBe(written);
  });

  it('of today stay where the clock of a process is far ahead: what is old is for PostgreSQL to say', async () => {
    const now = Date.now();
    const old = now - 40 * DAY_MS;
    await partitions.makeAhead(now);
    await partitions.makeAhead(old);
    const { eventId } = await addEvent(now);
    const isThere = async (at: number): Promise<boolean> => {
      const name = `posthorn.handler_run_${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}`;
      const { rows } = await client.query<{ is: boolean }>('select to_regclass($1) is not null as is', [name]);
      return Boolean(rows[0]?.is);
    };
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 60 * DAY_MS);
    try {
      retention.onApplicationBootstrap();
      // Of the last table: by then those before it have had their turn.
      await eventually(async () => !(await isThere(old)), 'the old partitions are dropped');
      await retention.beforeApplicationShutdown();
    } finally {
      clock.mockRestore();
    }
    expect(await isThere(now)).toBe(true);
    expect((await client.query('select from posthorn.event where id = $1', [eventId])).rowCount).toBe(1);
  });

  it('of any length and name are told by their bounds', async () => {
    const [low, high] = [lowestIdAt(DAY - 30 * DAY_MS), lowestIdAt(DAY)];
    await client.query(
      `create table posthorn."event_April2031" partition of posthorn.event for values from ('${low}') to ('${high}')`,
    );
    await retention.enforce(DAY + RETENTION_MS - 1);
    expect(await partitionsOf('event')).toEqual(['April2031']);
    await retention.enforce(DAY + RETENTION_MS);
    expect(await partitionsOf('event')).toEqual([]);
  });
});

describe('the default partition', () => {
  it('is never dropped; its old rows are deleted, in batches, and what is needed or young stays', async () => {
    await client.query(
      `insert into posthorn.event (id, tenant_id, type, occurred_at, data)
       select ($1 || right(gen_random_uuid()::text, 18))::uuid, 'default', 'a.b', now(), '{}' from generate_series(1, 2500)`,
      [idAt(NOON).slice(0, 18)],
    );
    await addEvent(NOON);
    await addReceived(NOON, done);
    const kept = [await addEvent(NOON + 1, { status: 'retrying' }), await addEvent(PAST)];
    const received = [await addReceived(NOON + 1, { status: 'running', due: true }), await addReceived(PAST, done)];

    await retention.enforce(PAST);
    const ids = async (table: keyof typeof KEYS): Promise<unknown[]> =>
      (await client.query<{ id: string }>(`select ${KEYS[table]} as id from posthorn.${table} order by 1`)).rows.map(
        ({ id }) => id,
      );
    expect(await ids('event')).toEqual(kept.map(({ eventId }) => eventId));
    for (const table of ['delivery', 'delivery_attempt'] as const) {
      expect(await ids(table)).toEqual(kept.map(({ deliveryId }) => deliveryId));
    }
    for (const table of ['received_event', 'handler_run'] as const) expect(await ids(table)).toEqual(received);
  });
});

describe('/health/ready', () => {
  it('warns of rows in a default partition, and stays ready', async () => {
    const server = await startTestServer({ databaseUrl: url });
    open.push({ end: () => server.close() });
    const ready = () => server.api<{ details: Record<string, unknown> }>('GET', '/health/ready');
    expect(await ready()).toMatchObject({
      status: 200,
      body: { details: { database: { status: 'up' }, partitions: { status: 'up' } } },
    });
    expect((await ready()).body.details.partitions).toEqual({ status: 'up' });

    await addEvent(Date.parse('2099-01-01'));
    expect(await ready()).toMatchObject({
      status: 200,
      body: {
        details: {
          partitions: {
            status: 'up',
            warning: expect.stringMatching(/^Rows of event, delivery, delivery_attempt lie/),
          },
        },
      },
    });
  });
});
