// How soon an event is at its receiver, against a bare request at the same rate, all in this run:
//   npm run bench:latency -- [--rate 300] [--seconds 30] [--only bare,all,split] [--down 0]
// Open loop: an event is dispatched when its time has come, however long the ones before it take, and is timed twice: from
// the moment it was due, and from its commit, to its first byte at the receiver. Bare: the same bytes by undici from this
// process. `all`: dispatched and sent by this process. `split`: dispatched here, sent by a worker process, which hears of it
// from PostgreSQL. Receiver and PostgreSQL, with its durable defaults, are processes of their own. `--down`: so many other webhooks
// have a circuit that is open, and a delivery that waits for it to close. Prints, and judges nothing.
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    rate: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: 'bare,all,split' },
    down: { type: 'string', default: '0' },
  },
});
const DOWN = Number(flags.down);
const PACE = { rate: Number(flags.rate), seconds: Number(flags.seconds) };
const WARM_UP_SECONDS = 5;
const WEBHOOKS = 10;
const DATA = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };

ensureBuilt();
const { withPostgres } = await import('./setup/database.mjs');
const { withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { machineNow, withReceiver } = await import('./setup/receiver.mjs');
const { openLoop } = await import('./setup/open-loop.mjs');
const { machine, percentile, table } = await import('./setup/numbers.mjs');

const typeOf = (n) => `one.t${n % WEBHOOKS}`;

/** A request with no database before it, on kept connections; what it sends is as large as an event with its signatures. */
async function bare(receiver, _at, measure) {
  const { origin, pathname } = new URL(receiver.url('/ok'));
  const pool = new Pool(origin, { connections: 64 });
  await measure(async (n) => {
    const id = `bare-${n}`;
    const sentAt = machineNow();
    const { body } = await pool.request({
      path: pathname,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'webhook-id': id, 'webhook-signature': 'v1,'.padEnd(120, 'x') },
      body: JSON.stringify({ id, event: typeOf(n), timestamp: new Date().toISOString(), data: DATA }),
    });
    await body.dump();
    return { id, readyAt: sentAt };
  });
  await pool.close();
}

/** Webhooks whose receivers are down: each circuit is open for longer than this lasts, and something waits for it. */
async function down({ createWebhook, database, dispatcher }, url) {
  for (let n = 0; n < DOWN; n += 1) await createWebhook('default', url, ['down']);
  const { webhook, webhook_health: health } = database.tables;
  await database.query({
    text: `INSERT INTO ${health} (webhook_id, tenant_id, consecutive_failures, failing_since, times_opened, paused_until)
           SELECT id, tenant_id, 10, now(), 1, now() + interval '1 hour' FROM ${webhook}`,
  });
  await dispatcher.dispatch('down', DATA);
}

function posthorn(role, withWorker) {
  return (receiver, at, measure) =>
    withDispatcher({ ...at, role }, async (application) => {
      const { createWebhook, delivered, dispatcher } = application;
      if (DOWN > 0) await down(application, receiver.url('/ok'));
      const webhooks = [];
      for (let n = 0; n < WEBHOOKS; n += 1)
        webhooks.push((await createWebhook('default', receiver.url('/ok'), [typeOf(n)])).id);
      await withWorker(at, () =>
        measure(
          async (n) => {
            const { id } = await dispatcher.dispatch(typeOf(n), DATA);
            return { id, readyAt: machineNow() };
          },
          () => delivered(webhooks),
        ),
      );
    });
}

const CASES = [
  { name: 'bare', title: 'bare undici', run: bare },
  { name: 'all', title: 'Posthorn, one process', run: posthorn('all', (_at, work) => work()) },
  {
    name: 'split',
    title: 'Posthorn, api and worker',
    run: posthorn('api', (at, work) => withProcess({ ...at, role: 'worker' }, work)),
  },
];

/** Milliseconds to the receiver: from when each was due, and from when it was ready to be sent. */
async function latenciesOf({ run }, receiver, at) {
  const fromDue = [];
  const fromReady = [];
  await run(receiver, at, async (send, settled = () => undefined) => {
    // The first seconds of a process measure its compiler.
    await openLoop({ ...PACE, seconds: WARM_UP_SECONDS }, send);
    await settled();
    await receiver.arrivals();
    const sent = new Map();
    await openLoop(PACE, async (n, dueAt) => {
      const { id, readyAt } = await send(n);
      sent.set(id, { dueAt, readyAt });
    });
    await settled();
    for (const [id, arrivedAt] of await receiver.arrivals()) {
      const { dueAt, readyAt } = sent.get(id);
      sent.delete(id);
      fromDue.push(arrivedAt - dueAt);
      // A receiver may have an event before we hear of our own commit: that took no time that matters.
      fromReady.push(Math.max(0, arrivedAt - readyAt));
    }
    if (sent.size > 0) throw new Error(`${sent.size} events did not arrive: nothing was measured.`);
  });
  return { fromDue, fromReady };
}

const PARTS = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['max', 1],
];

function print(title, measured, field) {
  const base = measured.get('bare')?.[field];
  console.log(`\n${title}, in ms:`);
  table([
    ['', ...PARTS.map(([name]) => name), ...(base ? PARTS.map(([name]) => `+${name}`) : [])],
    ...CASES.filter(({ name }) => measured.has(name)).map(({ name, title: of }) => {
      const values = PARTS.map(([, part]) => percentile(measured.get(name)[field], part));
      const over = values.map((value, at) => (base ? (value - percentile(base, PARTS[at][1])).toFixed(1) : ''));
      return [of, ...values.map((value) => value.toFixed(1)), ...(base ? over : [])];
    }),
  ]);
}

console.log(
  `${machine()}. ${PACE.rate} events/s of 1 KB for ${PACE.seconds} s${DOWN > 0 ? `, while ${DOWN} other webhooks are down` : ''}.`,
);
await withReceiver((receiver) =>
  withPostgres(async (postgres) => {
    console.log(`PostgreSQL: ${await postgres.settings()}`);
    const measured = new Map();
    for (const one of CASES.filter(({ name }) => flags.only.split(',').includes(name)))
      measured.set(one.name, await latenciesOf(one, receiver, await postgres.createDatabase(`latency_${one.name}`)));
    print('From the moment an event was due to its receiver', measured, 'fromDue');
    print('From its commit (bare: from the call) to its receiver', measured, 'fromReady');
    console.log('\n+: over bare. Goals: +p50 at most 10 ms, +p99 at most 50 ms.');
  }),
);
