// kill -9 in the middle of handlers, again and again: every event ends processed, what transactional handlers do in their
// transaction happens exactly once, and no handler runs again once its success is recorded.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { ADMIN_KEY } from './receive.harness.js';
import { addSource, ENCRYPTION_KEY, Rows } from './received-rows.harness.js';
import { post, STRIPE_SECRET, stripeEvent, stripeHeaders } from './sender.harness.js';

const KILLS = 20;
/** Where each process is sent an event to: it runs the first two itself, the queue is everybody's. */
const SOURCES = ['stripe', 'stripe', 'queued'];
const PROGRAM = path.resolve(import.meta.dirname, '..', 'setup', 'bookshop.mjs');
/** A lease, and the tries after it. */
const RECOVERY_MS = 240_000;

let databaseUrl: string;
let rows: Rows;
const processes: ServerProcess[] = [];

beforeAll(async () => {
  await ensureBuiltOnce();
  databaseUrl = (await cloneDatabase()).url;
  rows = new Rows(databaseUrl);
  await rows.query(
    'CREATE TABLE public.effect (handler text, external_id text, at timestamptz DEFAULT clock_timestamp())',
  );
  await addSource(rows, { name: 'queued', processing: 'queued' });
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await rows?.end();
});

function start(): ServerProcess {
  const process = new ServerProcess(
    {
      DATABASE_URL: databaseUrl,
      ENCRYPTION_KEY,
      ADMIN_API_KEY: ADMIN_KEY,
      STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
    },
    { program: PROGRAM },
  );
  processes.push(process);
  return process;
}

const timesAtWork = ({ output }: ServerProcess): number => output.split('at work').length - 1;

describe('processes that are killed in their handlers, twenty times', () => {
  it(
    'have processed every event in the end, the transactional effects exactly once',
    async () => {
      const stored = new Set<string>();
      for (let round = 0; round < KILLS / 2; round += 1) {
        // Two side by side: while one boots, so does the other, and each may find what the other leaves.
        const pair = [start(), start()];
        await Promise.all(
          pair.map(async (process) => {
            const url = await process.url();
            for (const source of SOURCES) {
              const { id, body } = stripeEvent('payment.made');
              stored.add(id);
              // The process dies before it answers; senders of what was not stored would send it again.
              void post(`${url}/webhooks/${source}`, body, stripeHeaders(body)).catch(() => undefined);
            }
            await eventually(() => timesAtWork(process) > 0, 'handlers are at work');
            // The moment is random on purpose: what is waited for is nothing.
            await delay(Math.random() * 100);
            await process.kill();
          }),
        );
      }
      // Who held these runs is dead: half a minute later, as far as their leases are concerned.
      await rows.query(`UPDATE posthorn.handler_run SET due_at = now() WHERE status = 'running'`);
      start();
      const known = await rows.query<{ external_id: string }>('SELECT external_id FROM posthorn.received_event');
      expect(known.every(({ external_id }) => stored.has(external_id))).toBe(true);
      expect(known.length).toBeGreaterThan(KILLS);

      await eventually(
        async () => {
          const open = await rows.query(`SELECT FROM posthorn.received_event WHERE status <> 'processed'`);
          return open.length === 0;
        },
        'every event is processed',
        { within: RECOVERY_MS },
      );

      const effects = await rows.query<{ handler: string; events: number; effects: number; interrupted: number }>(
        `SELECT split_part(handler, '.', 2) AS handler, count(*)::int AS events,
           sum((SELECT count(*) FROM public.effect f WHERE f.external_id = e.external_id AND 'Books.' || f.handler = r.handler))::int AS effects,
           count(*) FILTER (WHERE attempt_count > 1)::int AS interrupted
         FROM posthorn.handler_run r JOIN posthorn.received_event e ON e.id = r.received_event_id
         GROUP BY r.handler ORDER BY r.handler`,
      );
      console.log(effects.map((of) => JSON.stringify(of)).join('\n'));
      const [book, notify, thank] = effects;
      expect(book).toMatchObject({ handler: 'book', events: known.length, effects: known.length });
      for (const plain of [notify, thank]) expect(plain?.effects).toBeGreaterThanOrEqual(known.length);
      expect(effects.reduce((sum, { interrupted }) => sum + interrupted, 0)).toBeGreaterThan(0);
      const once = await rows.query<{ effects: number }>(
        `SELECT count(*)::int AS effects FROM public.effect WHERE handler = 'book' GROUP BY external_id`,
      );
      expect(new Set(once.map(({ effects }) => effects))).toEqual(new Set([1]));
      const afterSuccess = await rows.query(
        `SELECT f.* FROM public.effect f JOIN posthorn.received_event e USING (external_id)
         JOIN posthorn.handler_run r ON r.received_event_id = e.id AND r.handler = 'Books.' || f.handler
         WHERE f.at > r.finished_at`,
      );
      expect(afterSuccess).toEqual([]);
    },
    RECOVERY_MS + 180_000,
  );
});
