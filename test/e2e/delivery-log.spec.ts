// Questions to the log: whichever index answers one, the rows are those that its filters name, and a page never looks
// through more than a part of a large log.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { lowestIdAt } from '../../src/kernel/ids.js';
import { startTestServer } from '../setup/server.js';
import type { TestServer } from '../setup/server.js';

interface Row {
  readonly id: string;
  readonly event: string;
  readonly webhookId: string;
  readonly status: string;
  readonly lastHttpStatus: number | null;
}

interface Page<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}

/** Parameters of a list. */
type Question = Readonly<Record<string, string | number>>;

const STATUSES = ['pending', 'sending', 'retrying', 'success', 'client_error', 'failed', 'skipped', 'expired'];
const DAY_MS = 86_400_000;
/** More than two pages look at, together. */
const MANY = 12_000;

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  // Nothing is sent by this role: what waits stays as it is.
  server = await startTestServer({ role: 'api' });
  client = new pg.Client(server.databaseUrl);
  client.on('error', () => undefined);
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await server?.close();
});

async function makeTenant(): Promise<{ tenant: string; webhooks: string[] }> {
  const tenant = `log-${randomUUID().slice(0, 8)}`;
  await server.api('POST', '/api/tenants', { id: tenant, name: tenant });
  const webhooks: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    const hook = { url: 'http://127.0.0.1:9/', events: ['log.*'] };
    webhooks.push((await server.api<{ id: string }>('POST', '/api/webhooks', hook, { tenant })).body.id);
  }
  return { tenant, webhooks };
}

/** Two deliveries of every kind there is, an hour apart, over partitions and the default one. */
async function fill(tenant: string, webhooks: readonly string[]): Promise<void> {
  const kinds = STATUSES.flatMap((status) =>
    [null, 200, 202, 404, 503].flatMap((httpStatus) =>
      webhooks.flatMap((webhookId) =>
        ['log.a', 'log.b', 'log.a'].map((event, index) => ({ status, httpStatus, webhookId, event, index })),
      ),
    ),
  );
  const ids = kinds.map(
    (_, n) => lowestIdAt(Date.now() + (n - kinds.length * 0.8) * 900_000).slice(0, 24) + randomUUID().slice(24),
  );
  await client.query(
    `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, last_http_status, due_at)
     SELECT id, $1, id, event, webhook_id, status, http_status, now() + interval '1 day'
     FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::int[])
       AS k (id, event, webhook_id, status, http_status)`,
    [
      tenant,
      ids,
      kinds.map(({ event }) => event),
      kinds.map(({ webhookId }) => webhookId),
      kinds.map(({ status }) => status),
      kinds.map(({ httpStatus }) => httpStatus),
    ],
  );
}

/** Every page of a list, from the first to the one that says it is the last. */
async function pagesOf<Item>(tenant: string, list: string, query: Question): Promise<Page<Item>[]> {
  const pages: Page<Item>[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
    if (cursor) parameters.set('cursor', cursor);
    const { status, body } = await server.api<Page<Item>>('GET', `/api/${list}?${parameters.toString()}`, undefined, {
      tenant,
    });
    expect(status).toBe(200);
    pages.push(body);
    cursor = body.nextCursor;
  }
  return pages;
}

const rowsOf = async (tenant: string, query: Question): Promise<Row[]> =>
  (await pagesOf<Row>(tenant, 'deliveries', query)).flatMap(({ data }) => data);

describe('the delivery log', () => {
  it('answers every combination of filters with exactly the rows that they name, newest first', async () => {
    const { tenant, webhooks } = await makeTenant();
    const other = await makeTenant();
    await fill(tenant, webhooks);
    await fill(other.tenant, other.webhooks);
    const all = await rowsOf(tenant, { limit: 250 });
    expect(all).toHaveLength(STATUSES.length * 5 * 2 * 3);
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort().reverse());
    const middle = all[200]!;
    const since = new Date(Number.parseInt(middle.id.slice(0, 8) + middle.id.slice(9, 13), 16)).toISOString();

    for (const status of [undefined, ...STATUSES])
      for (const webhookId of [undefined, webhooks[0]])
        for (const event of [undefined, 'log.b', 'log.never'])
          for (const httpStatus of [undefined, 200, 404, 503]) {
            const named = Object.entries({ status, webhookId, event, httpStatus }).flatMap(([name, value]) =>
              value === undefined ? [] : [[name, value] as const],
            );
            const query = Object.fromEntries(named);
            const wanted = all.filter(
              (row) =>
                (status === undefined || row.status === status) &&
                (webhookId === undefined || row.webhookId === webhookId) &&
                (event === undefined || row.event === event) &&
                (httpStatus === undefined || row.lastHttpStatus === httpStatus),
            );
            expect({ query, ids: (await rowsOf(tenant, { ...query, limit: 100 })).map(({ id }) => id) }).toEqual({
              query,
              ids: wanted.map(({ id }) => id),
            });
            if (httpStatus !== undefined) continue;
            const recent = await rowsOf(tenant, { ...query, since, limit: 250 });
            expect(recent.map(({ id }) => id)).toEqual(
              wanted.filter(({ id }) => id >= middle.id.slice(0, 13)).map(({ id }) => id),
            );
          }
  });

  it('gives pages of any size that neither repeat nor miss a row', async () => {
    const { tenant, webhooks } = await makeTenant();
    await fill(tenant, webhooks);
    for (const query of [
      {},
      { status: 'pending' },
      { status: 'sending' },
      { status: 'failed', event: 'log.a' },
      { httpStatus: 503 },
    ] as Question[]) {
      const small = (await rowsOf(tenant, { ...query, limit: 7 })).map(({ id }) => id);
      expect(small).toEqual((await rowsOf(tenant, { ...query, limit: 250 })).map(({ id }) => id));
      expect(small.length).toBeGreaterThan(7);
    }
  });

  it('shows nothing through another tenant’s webhook, and does not even look', async () => {
    const [mine, theirs] = [await makeTenant(), await makeTenant()];
    await fill(theirs.tenant, theirs.webhooks);
    for (const query of [
      {},
      { status: 'pending' },
      { status: 'failed' },
      { event: 'log.a' },
      { httpStatus: 503 },
    ] as Question[]) {
      const pages = await pagesOf<Row>(mine.tenant, 'deliveries', { ...query, webhookId: theirs.webhooks[0]! });
      expect(pages).toEqual([{ data: [], nextCursor: null }]);
    }
  });
});

describe('a log in which hardly any row is wanted', () => {
  let tenant: string;
  let webhookId: string;

  beforeAll(async () => {
    const made = await makeTenant();
    tenant = made.tenant;
    webhookId = made.webhooks[0]!;
    await client.query(
      `WITH made AS (
         SELECT n, CASE n WHEN 1 THEN 'log.oldest' WHEN $4 THEN 'log.newest' WHEN $4 - 4999 THEN 'log.edge' WHEN $4 - 5000 THEN 'log.edge' ELSE 'log.usual' END AS type,
                (left($2, 8) || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
         FROM generate_series(1, $4::int) AS n
       ), events AS (
         INSERT INTO posthorn.event (id, tenant_id, type, occurred_at, data)
         SELECT id, $1, type, now(), convert_to('{}', 'UTF8') FROM made
       )
       INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, last_http_status)
       SELECT id, $1, id, type, $3, 'failed', 500 FROM made`,
      [tenant, lowestIdAt(Date.now() - DAY_MS), webhookId, MANY],
    );
  });

  it.each(['deliveries', 'events'])('pages of %s end where they stopped looking, and go on there', async (list) => {
    const pages = await pagesOf<Row>(tenant, list, { event: 'log.oldest' });
    // The rare one is the very last row: all pages before it are empty, and there are as few as the log is long.
    expect(pages.map(({ data }) => data.length)).toEqual([0, 0, 1]);
    expect(pages[2]?.data[0]?.event).toBe('log.oldest');
    expect((await pagesOf<Row>(tenant, list, { event: 'log.newest' })).map(({ data }) => data.length)).toEqual([
      1, 0, 0,
    ]);
    // The last row that the first page looks at, and the first one of the next: neither twice nor never.
    expect((await pagesOf<Row>(tenant, list, { event: 'log.edge' })).map(({ data }) => data.length)).toEqual([1, 1, 0]);
    expect((await pagesOf<Row>(tenant, list, { event: 'log.never' })).map(({ data }) => data.length)).toEqual([
      0, 0, 0,
    ]);
  });

  it.each(['status=failed', 'httpStatus=500', 'webhookId'])('bounds what it looks at for %s, too', async (filter) => {
    const [name, value = webhookId] = filter.split('=');
    const pages = await pagesOf<Row>(tenant, 'deliveries', { [name!]: value, event: 'log.oldest' });
    expect(pages.map(({ data }) => data.length)).toEqual([0, 0, 1]);
  });

  it('answers at once what an index answers', async () => {
    for (const query of [
      { status: 'skipped' },
      { httpStatus: 404 },
      { status: 'pending' },
      { status: 'retrying', webhookId },
    ] as Question[])
      expect(await pagesOf<Row>(tenant, 'deliveries', query)).toEqual([{ data: [], nextCursor: null }]);
  });
});

describe('one event, one delivery', () => {
  it('shows the newest deliveries of an event that was replayed again and again, and the others page by page', async () => {
    const { tenant, webhooks } = await makeTenant();
    const sent = await server.api<{ id: string }>('POST', '/api/events', { event: 'log.a', data: {} }, { tenant });
    const path = `events/${sent.body.id}`;
    const [first] = await rowsOf(tenant, { webhookId: webhooks[0]! });
    await client.query(
      `INSERT INTO posthorn.delivery (id, tenant_id, event_id, event_type, webhook_id, status, replay_of)
       SELECT (left($2, 8) || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, $3, 'log.a', $4, 'failed', $5
       FROM generate_series(1, 300) AS n`,
      [tenant, lowestIdAt(Date.now() + DAY_MS), sent.body.id, webhooks[0], first!.id],
    );
    const all = (await pagesOf<Row>(tenant, `${path}/deliveries`, { limit: 100 })).flatMap(({ data }) => data);
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(webhooks.length + 300);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(ids.at(-1)! < ids[299]! && ids).toContain(first!.id);

    const { body } = await server.api<{ deliveries: Row[]; deliveriesCursor: string }>(
      'GET',
      `/api/${path}`,
      undefined,
      {
        tenant,
      },
    );
    expect(body.deliveries.map(({ id }) => id)).toEqual(ids.slice(0, 250).reverse());
    const rest = `${path}/deliveries?cursor=${body.deliveriesCursor}`;
    const { body: page } = await server.api<Page<Row>>('GET', `/api/${rest}`, undefined, { tenant });
    expect(page).toMatchObject({ data: ids.slice(250, 300).map((id) => ({ id })) });

    const foreign = await makeTenant();
    expect((await server.api('GET', `/api/${rest}`, undefined, foreign)).status).toBe(404);
  });

  it('shows the newest attempts of a delivery that was retried again and again, and the others page by page', async () => {
    const { tenant, webhooks } = await makeTenant();
    await server.api('POST', '/api/events', { event: 'log.a', data: {} }, { tenant });
    const [{ id } = { id: '' }] = await rowsOf(tenant, { webhookId: webhooks[0]! });
    await client.query(
      `INSERT INTO posthorn.delivery_attempt (delivery_id, number, tenant_id, started_at, duration_ms, outcome)
       SELECT $1, n, $2, now(), 1, 'timeout' FROM generate_series(1, 301) AS n`,
      [id, tenant],
    );
    const numbers = (attempts: readonly { number: number }[]): number[] => attempts.map(({ number }) => number);
    const countUp = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
    type Detail = { attempts: { number: number }[]; attemptsCursor: string };
    const { body } = await server.api<Detail>('GET', `/api/deliveries/${id}`, undefined, { tenant });
    expect(numbers(body.attempts)).toEqual(countUp(201, 301));

    const path = `deliveries/${id}/attempts`;
    const pages = await pagesOf<{ number: number }>(tenant, path, { cursor: body.attemptsCursor, limit: 150 });
    expect(pages.map(({ data }) => numbers(data))).toEqual([countUp(51, 200).reverse(), countUp(1, 50).reverse()]);

    const of = async (more: string, tenant: string): Promise<number> =>
      (await server.api('GET', `/api/${path}${more}`, undefined, { tenant })).status;
    expect(await of('', (await makeTenant()).tenant)).toBe(404);
    for (const number of ['0', '-1', '1e3', '1'.repeat(10), id])
      expect(await of(`?cursor=${Buffer.from(number).toString('base64url')}`, tenant)).toBe(400);
  });
});
