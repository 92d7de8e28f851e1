// Receiving by two processes of the operating system on one database: nothing that decides is in a process's memory.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { ADMIN_KEY } from './receive.harness.js';
import { ENCRYPTION_KEY, Rows } from './received-rows.harness.js';
import { post, STRIPE_SECRET, stripeEvent, stripeHeaders, untilTaken } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

const PROGRAM = path.resolve(import.meta.dirname, '..', 'setup', 'bookshop.mjs');
const COPIES = 1_000;

let rows: Rows;
let processes: ServerProcess[] = [];
let urls: string[];

beforeAll(async () => {
  await ensureBuiltOnce();
  const { url: databaseUrl } = await cloneDatabase();
  rows = new Rows(databaseUrl);
  await rows.query(
    'CREATE TABLE public.effect (handler text, external_id text, at timestamptz DEFAULT clock_timestamp())',
  );
  const environment = {
    DATABASE_URL: databaseUrl,
    ENCRYPTION_KEY,
    ADMIN_API_KEY: ADMIN_KEY,
    STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
  };
  processes = [1, 2].map(() => new ServerProcess(environment, { program: PROGRAM }));
  urls = await Promise.all(processes.map((process) => process.url()));
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await rows?.end();
});

const send = (at: number, body: string, secret?: string): Promise<Answered> =>
  untilTaken(() => post(`${urls[at % urls.length]}/webhooks/stripe`, body, stripeHeaders(body, secret)));

describe('two processes', () => {
  it('run the handlers of one event once, however many copies come to both at the same moment', async () => {
    const { id, body } = stripeEvent('payment.made');
    const answers = await Promise.all(Array.from({ length: COPIES }, (_, at) => send(at, body)));
    const count = (text: string) => answers.filter((answer) => JSON.stringify(answer.body).includes(text)).length;
    expect(count('"processed"')).toBe(1);
    expect(count('"already_processed"')).toBe(COPIES - 1);
    const effects = await rows.query('SELECT handler FROM public.effect WHERE external_id = $1 ORDER BY at', [id]);
    expect(effects).toEqual([{ handler: 'notify' }, { handler: 'book' }, { handler: 'thank' }]);
    expect(await rows.query('SELECT FROM posthorn.received_event WHERE external_id = $1', [id])).toHaveLength(1);
  });

  it('run each handler 100 times for 1,000 simultaneous copies of 100 events', async () => {
    const events = Array.from({ length: 100 }, () => stripeEvent('payment.made'));
    // One copy of each event after the other, so that all events are new at once, and each has copies at both processes.
    const sent = Array.from({ length: COPIES }, (_, at) => ({ at, event: events[at % events.length] }));
    const answers = await Promise.all(
      sent.map(({ at, event }) => send(at + Math.floor(at / events.length), event?.body ?? '')),
    );
    const count = (text: string) => answers.filter((answer) => JSON.stringify(answer.body).includes(text)).length;
    expect(count('"processed"')).toBe(events.length);
    expect(count('"already_processed"')).toBe(COPIES - events.length);
    const ran = await rows.query<{ handler: string; times: number; events: number }>(
      `SELECT handler, count(*)::int AS times, count(DISTINCT external_id)::int AS events FROM public.effect
       WHERE external_id = ANY ($1) GROUP BY handler ORDER BY handler`,
      [events.map(({ id }) => id)],
    );
    expect(ran).toEqual(['book', 'notify', 'thank'].map((handler) => ({ handler, times: 100, events: 100 })));
  });

  it('take each other’s webhooks for copies, and a secret that the other was given', async () => {
    const { body } = stripeEvent('payment.made');
    expect((await send(0, body)).body).toEqual({ status: 'processed' });
    expect((await send(1, body)).body).toEqual({ status: 'already_processed' });

    const secret = 'whsec_bmV4dCBvZiB0aGlzIHRlc3Q=';
    expect((await send(1, stripeEvent('payment.made').body, secret)).status).toBe(401);
    const added = await fetch(`${urls[0]}/api/sources/stripe/secrets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    });
    expect(added.status).toBe(201);
    await eventually(
      async () => (await send(1, stripeEvent('payment.made').body, secret)).status === 200,
      'the other process takes the new secret',
    );
  });
});
