// How fast and how many at once a webhook is sent to, whoever sends.
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { pacedClaimText } from '../../src/delivery/claim/paced-claim.statements.js';
import { tablesOf } from '../../src/platform/database/schema.js';
import { eventually } from '../setup/eventually.js';
import type { TestServer } from '../setup/server.js';
import { closedAfterEach, mostInAnyWindow } from './pace.harness.js';
import type { PaceScene } from './pace.harness.js';

const { scene, receive, keep } = closedAfterEach();

const dispatch = (server: TestServer, count: number, event = 'order.made') =>
  server.api('POST', '/api/events/batch', {
    events: Array.from({ length: count }, (_, n) => ({ event, data: { n } })),
  });

/** Somebody else's delivery, dispatched now, goes all the way: whatever could have been sent meanwhile was. */
async function seenByWitness(pace: PaceScene, server: TestServer, webhookId: string): Promise<void> {
  const before = await pace.count(webhookId, 'success');
  await dispatch(server, 1, 'witness.here');
  await eventually(async () => (await pace.count(webhookId, 'success')) > before, 'the witness has seen it');
}

describe('a webhook with a rate limit', () => {
  it('of 3 in 5 seconds gets all of 4 events, and never 4 in 5 seconds', async () => {
    const pace = await scene();
    const server = await pace.worker();
    const receiver = await receive();
    const { id } = await server.webhook(receiver.url, ['order.*'], { rateLimit: { max: 3, perSeconds: 5 } });
    await dispatch(server, 4);
    await eventually(async () => (await pace.count(id, 'success')) === 4, 'all four arrive');
    expect(mostInAnyWindow(await pace.claims(id), 5_000)).toBe(3);
  });

  it('keeps to it over several processes, retries, and the restart of one', async () => {
    const pace = await scene();
    const [first, second] = await Promise.all([pace.worker(), pace.worker()]);
    // Every third attempt fails, and is tried again.
    let requests = 0;
    const receiver = await receive((_, response) => void response.writeHead(++requests % 3 === 0 ? 500 : 200).end());
    const { id } = await first.webhook(receiver.url, ['order.*'], { rateLimit: { max: 5, perSeconds: 1 } });
    await Promise.all([dispatch(first, 12), dispatch(second, 12)]);
    await eventually(() => receiver.received.length >= 8, 'it is under way');
    await pace.stop(second);
    await pace.worker();
    await eventually(
      async () => (await pace.count(id, 'success')) + (await pace.count(id, 'failed')) === 24,
      'all of them are final',
      { within: 240_000 },
    );
    const claims = await pace.claims(id);
    expect(claims.length).toBeGreaterThan(24);
    expect(mostInAnyWindow(claims, 1_000)).toBe(5);
    expect(receiver.received.length).toBeLessThanOrEqual(claims.length);
  });

  it('leaves others alone: theirs are sent while its own wait', async () => {
    const pace = await scene();
    const server = await pace.worker();
    const [limited, free] = [await receive(), await receive()];
    const { id } = await server.webhook(limited.url, ['order.*'], { rateLimit: { max: 1, perSeconds: 3_600 } });
    await server.webhook(free.url, ['order.*']);
    await dispatch(server, 50);
    await eventually(() => free.received.length === 50, 'the other gets all');
    await eventually(() => limited.received.length === 1, 'it gets its one');
    expect(await pace.count(id, 'pending')).toBe(49);
    expect(await pace.claims(id)).toHaveLength(1);

    // Without the limit the rest goes at once.
    expect((await server.api('PATCH', `/api/webhooks/${id}`, { rateLimit: null })).body).toMatchObject({
      rateLimit: null,
    });
    await eventually(async () => (await pace.count(id, 'success')) === 50, 'the rest arrives');
  });

  it('is looked for no more than a few times a second while it has to wait', async () => {
    const pace = await scene();
    const server = await pace.worker();
    const receiver = await receive();
    const { id } = await server.webhook(receiver.url, ['order.*'], { rateLimit: { max: 1, perSeconds: 3_600 } });
    await dispatch(server, 2);
    await eventually(async () => (await pace.count(id, 'success')) === 1, 'it gets its one');
    const transactions = async (): Promise<{ count: number; at: number }> => {
      const [row] = await pace.sql<{ count: number; at: number }>(`
        SELECT pg_stat_get_db_xact_commit(oid)::float8 AS count, extract(epoch FROM clock_timestamp())::float8 AS at
        FROM pg_database WHERE datname = current_database()`);
      return row as { count: number; at: number };
    };
    const from = await transactions();
    const until = await eventually(async () => {
      const now = await transactions();
      return now.at - from.at > 2 && now;
    }, 'two seconds are over');
    // Claims, sweeps and this test's own looks, one each 10 ms at most.
    const own = (until.at - from.at) * 100;
    expect(until.count - from.count - own).toBeLessThan((until.at - from.at) * 50);
  });
});

describe('a webhook with a limit of requests in flight', () => {
  it('never has more, and loses nothing by it', async () => {
    const pace = await scene();
    const server = await pace.worker();
    const held: (() => void)[] = [];
    const receiver = await receive((_, response) => void held.push(() => response.writeHead(200).end()));
    const witness = await receive();
    const { id } = await server.webhook(receiver.url, ['order.*'], { maxInFlight: 2 });
    expect((await server.api('GET', `/api/webhooks/${id}`)).body).toMatchObject({ maxInFlight: 2 });
    const other = await server.webhook(witness.url, ['witness.*']);
    await dispatch(server, 20);
    for (let answered = 0; answered < 20; answered += 2) {
      await eventually(() => held.length === 2, 'two requests are in flight');
      await seenByWitness(pace, server, other.id);
      expect(receiver.received).toHaveLength(answered + 2);
      for (const answer of held.splice(0)) answer();
    }
  });

  it('has no more of them from two processes together, of first attempts and retries alike', async () => {
    const pace = await scene();
    const [first, second] = await Promise.all([pace.worker(), pace.worker()]);
    const held: { isRetry: boolean; answer: (status: number) => void }[] = [];
    let inFlight = 0;
    let most = 0;
    const receiver = await receive(({ headers }, response) => {
      most = Math.max(most, ++inFlight);
      held.push({
        isRetry: headers['x-webhook-attempt'] !== '1',
        answer: (status) => {
          inFlight -= 1;
          response.writeHead(status).end();
        },
      });
    });
    const witness = await receive();
    const { id } = await first.webhook(receiver.url, ['order.*'], { maxInFlight: 3 });
    const other = await second.webhook(witness.url, ['witness.*']);
    await Promise.all([dispatch(first, 30), dispatch(second, 30)]);
    let retries = 0;
    for (let left = 60; left > 0;) {
      const expected = Math.min(3, left);
      await eventually(() => held.length === expected, `${expected} requests are in flight while ${left} are left`);
      await seenByWitness(pace, second, other.id);
      expect(await pace.count(id, 'sending')).toBe(expected);
      // Every third request fails, unless it is a retry.
      for (const [n, { isRetry, answer }] of held.splice(0).entries()) {
        const fails = n === 2 && !isRetry;
        answer(fails ? 500 : 200);
        if (!fails) left -= 1;
        if (isRetry) retries += 1;
      }
    }
    await eventually(async () => (await pace.count(id, 'success')) === 60, 'all of them arrive');
    expect(most).toBe(3);
    expect(retries).toBeGreaterThan(0);
  });
});

describe('webhooks with limits of their own', () => {
  it('all have their turn where together they have more than there is room for', async () => {
    const [webhooks, each, early] = [40, 60, 1_600];
    const pace = await scene({ deliveryConcurrency: 64 });
    // Plans as of an installation with many webhooks: rows come in the order of an index, which is the same each time.
    for (const kind of ['seqscan', 'bitmapscan'])
      await pace.sql(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_${kind} = off', current_database()); END $$`,
      );
    const server = await pace.worker();
    const receiver = await receive();
    for (let n = 0; n < webhooks; n += 1) await server.webhook(receiver.url, ['order.*'], { maxInFlight: 1_000 });
    await dispatch(server, each);
    await eventually(() => receiver.received.length >= early, 'two thirds are sent');
    const served = await pace.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT webhook_id FROM claim_log ORDER BY at LIMIT ${early}) c
       GROUP BY webhook_id ORDER BY 1`,
    );
    expect(served).toHaveLength(webhooks);
    expect(served[0]?.count).toBeGreaterThan(early / webhooks / 2);
  });
});

describe('a claim that began before another one was committed', () => {
  it('takes nothing, because it does not see what that one took', async () => {
    const pace = await scene({ role: 'api' });
    const api = await pace.worker();
    const { id } = await api.webhook('http://127.0.0.1:9', ['order.*'], { maxInFlight: 1 });
    await dispatch(api, 3);
    await pace.sql('INSERT INTO posthorn.webhook_pace (webhook_id, tenant_id) VALUES ($1, $2)', [id, 'default']);
    // Whoever asks for it stops between taking its snapshot and locking the row.
    await pace.sql(`
      CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql VOLATILE AS
        $$BEGIN IF current_setting('test.gate', true) = 'on' THEN PERFORM pg_advisory_xact_lock_shared(1); END IF; RETURN true; END$$;
      ALTER TABLE posthorn.webhook_pace RENAME TO pace_rows;
      CREATE VIEW posthorn.webhook_pace AS SELECT * FROM posthorn.pace_rows WHERE gate()`);
    const claim = async (client: pg.Client): Promise<number> => {
      const values = [[id], [], [], 16, 64, 10_000, true];
      return (await client.query(pacedClaimText(tablesOf({ options: {} as never })), values)).rows.length;
    };
    const [keeper, early, late] = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = new pg.Client(api.databaseUrl);
        client.on('error', () => undefined);
        await client.connect();
        keep({ close: () => client.end() });
        return client;
      }),
    );
    await keeper?.query('SELECT pg_advisory_lock(1)');
    await early?.query(`SET test.gate = 'on'`);
    const stopped = claim(early as pg.Client);
    await eventually(
      async () => (await pace.sql(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).length > 0,
      'the early claim is stopped',
    );
    expect(await claim(late as pg.Client)).toBe(1);
    await keeper?.query('SELECT pg_advisory_unlock(1)');
    expect(await stopped).toBe(0);
    expect(await pace.count(id, 'sending')).toBe(1);
  });
});

describe('limits that are none', () => {
  it('are refused, and a limit is shown as it was set', async () => {
    const pace = await scene({ role: 'api' });
    const server = await pace.worker();
    const refused = [
      ...[0, 100_001, 1.5, '1'].map((max) => ({ max, perSeconds: 1 })),
      ...[0, 86_401].map((perSeconds) => ({ max: 1, perSeconds })),
      { max: 1 },
      { max: 1, perSeconds: 1, burst: 2 },
      [],
      5,
    ];
    for (const rateLimit of refused) {
      const webhook = { url: 'http://127.0.0.1:9', events: ['a'], rateLimit };
      const { status, body } = await server.api('POST', '/api/webhooks', webhook);
      expect({ rateLimit, status, code: body.code }).toEqual({ rateLimit, status: 400, code: 'validation_failed' });
    }
    for (const maxInFlight of [0, -1, 1.5, 1_001, '5']) {
      const webhook = { url: 'http://127.0.0.1:9', events: ['a'], maxInFlight };
      const { status } = await server.api('POST', '/api/webhooks', webhook);
      expect({ maxInFlight, status }).toEqual({ maxInFlight, status: 400 });
    }
    const { id } = await server.webhook('http://127.0.0.1:9', ['a'], {
      rateLimit: { max: 100_000, perSeconds: 86_400 },
    });
    const read = async () => (await server.api('GET', `/api/webhooks/${id}`)).body;
    expect(await read()).toMatchObject({ rateLimit: { max: 100_000, perSeconds: 86_400 }, ordered: false });
    await server.api('PATCH', `/api/webhooks/${id}`, { description: 'still limited' });
    expect(await read()).toMatchObject({ rateLimit: { max: 100_000, perSeconds: 86_400 } });
  });
});
