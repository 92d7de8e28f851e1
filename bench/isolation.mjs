// What one hanging receiver costs the others, in this run:
//   npm run bench:isolation -- [--events 20000] [--backlog 100000] [--rate 200] [--seconds 15] [--rounds 3]
// Three databases on one PostgreSQL, each with 50 webhooks: alone (49 get events, the 50th nothing), and twice with a
// backlog for the 50th, whose receiver never answers: with the circuit as it is by default, and without any. In
// alternating rounds a worker process is started on each: the 49 get a burst, timed until all is delivered, then events
// at a fixed rate, each timed from its commit to its receiver. Worker, receiver and PostgreSQL are processes of their own.
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '20000' },
    backlog: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
  },
});
const [EVENTS, BACKLOG, RATE, SECONDS, ROUNDS] = ['events', 'backlog', 'rate', 'seconds', 'rounds'].map((name) =>
  Number(flags[name]),
);
const OTHERS = 49;
const BATCH = 500;
const DATA = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };

ensureBuilt();
const { withClient, withPostgres } = await import('./setup/database.mjs');
const { memoryOf, withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { machineNow, withReceiver } = await import('./setup/receiver.mjs');
const { openLoop } = await import('./setup/open-loop.mjs');
const { machine, median, percentile, table } = await import('./setup/numbers.mjs');

const CASES = [
  { name: 'alone', database: 'alone', hangs: false },
  { name: 'one hangs, circuit on', database: 'circuit_on', hangs: true },
  { name: 'one hangs, circuit off', database: 'circuit_off', hangs: true, env: { CIRCUIT_AFTER: '0' } },
];

/** 49 webhooks with a type each, and the one that hangs with what waits for it. */
async function prepare(one, posthorn, receiver) {
  one.webhooks = [];
  for (let n = 0; n < OTHERS; n += 1) {
    const { id } = await posthorn.createWebhook('default', receiver.url('/ok'), [`one.t${n}`]);
    one.webhooks.push(id);
  }
  await posthorn.createWebhook('default', receiver.url('/hang'), ['hang.x']);
  if (!one.hangs) return;
  const startedAt = performance.now();
  for (let from = 0; from < BACKLOG; from += BATCH) await dispatch(posthorn, BATCH, () => 'hang.x');
  console.log(`${one.name}: backlog stored in ${Math.round((performance.now() - startedAt) / 1_000)} s.`);
}

/**
 * What PostgreSQL does some time after a hundred thousand rows were stored, done now. Left to autovacuum and the checkpointer,
 * it would come in the middle of a round, and only where there is a backlog: a few stalls of 50 ms, and they are the p99.
 */
const settleDown = ({ at }) =>
  withClient(at.connection, async (client) => {
    await client.query('VACUUM (ANALYZE)');
    await client.query('CHECKPOINT');
  });

function dispatch(posthorn, count, typeOf) {
  return posthorn.dispatcher.dispatchMany(Array.from({ length: count }, (_, n) => ({ event: typeOf(n), data: DATA })));
}

async function play(one, receiver) {
  return withDispatcher(one.at, (posthorn) =>
    withProcess({ ...one.at, role: 'worker', env: one.env }, async ({ pid }) => {
      const memory = [];
      const watch = setInterval(() => memory.push(memoryOf(pid)), 1_000);
      try {
        const typeOf = (n) => `one.t${n % OTHERS}`;
        // The first seconds of a process measure its compiler. They also are when the hanging requests fill their slots.
        await burst(one, posthorn, Math.min(EVENTS, 5_000), typeOf);
        const rate = await burst(one, posthorn, EVENTS, typeOf);
        await receiver.arrivals();
        const latencies = await atFixedRate(one, posthorn, receiver);
        const p99 = percentile(latencies, 0.99);
        console.log(
          `${one.name.padEnd(24)} ${Math.round(rate)} deliveries/s; at ${RATE} events/s from commit to receiver ` +
            `p50 ${median(latencies).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; worker MB ${memory.map(({ now }) => now).join(' ')}`,
        );
        return { rate, p50: median(latencies), p99, most: memoryOf(pid).most };
      } finally {
        clearInterval(watch);
      }
    }),
  );
}

/** Dispatches as fast as it is taken; the rate is that of deliveries, until the last one is settled. */
async function burst({ webhooks }, posthorn, events, typeOf) {
  const startedAt = performance.now();
  for (let from = 0; from < events; from += BATCH)
    await dispatch(posthorn, Math.min(BATCH, events - from), (n) => typeOf(from + n));
  await posthorn.delivered(webhooks);
  return (events / (performance.now() - startedAt)) * 1_000;
}

/** One event after the other, each when its time has come, however long the ones before it take. */
async function atFixedRate({ webhooks }, posthorn, receiver) {
  const committed = new Map();
  await openLoop({ rate: RATE, seconds: SECONDS }, async (n) => {
    const { id } = await posthorn.dispatcher.dispatch(`one.t${n % OTHERS}`, DATA);
    committed.set(id, machineNow());
  });
  await posthorn.delivered(webhooks);
  const latencies = [];
  // A receiver may have an event before we hear of our own commit: such a delivery took no time that matters.
  for (const [id, at] of await receiver.arrivals())
    if (committed.has(id)) latencies.push(Math.max(0, at - committed.get(id)));
  return latencies;
}

function report() {
  const [alone] = CASES;
  const of = (one, what) => median(one.rounds.map((round) => round[what]));
  console.log(`\nMedians of ${ROUNDS} rounds:`);
  table([
    ['', 'deliveries/s', 'of alone', 'p50 ms', 'p99 ms', 'of alone', 'most MB'],
    ...CASES.map((one) => [
      one.name,
      Math.round(of(one, 'rate')),
      (of(one, 'rate') / of(alone, 'rate')).toFixed(2),
      of(one, 'p50').toFixed(1),
      of(one, 'p99').toFixed(1),
      (of(one, 'p99') / of(alone, 'p99')).toFixed(2),
      of(one, 'most'),
    ]),
  ]);
  console.log('Goals: throughput at least 0.9, p99 at most 1.5 of alone; memory flat.');
}

console.log(`${machine()}. ${BACKLOG} deliveries behind the webhook that hangs, events of 1 KB.`);
await withReceiver((receiver) =>
  withPostgres(async (postgres) => {
    for (const one of CASES) {
      one.at = await postgres.createDatabase(one.database);
      one.rounds = [];
    }
    console.log(`PostgreSQL: ${await postgres.settings()}`);
    for (const one of CASES) {
      await withDispatcher(one.at, (posthorn) => prepare(one, posthorn, receiver));
      await settleDown(one);
    }
    for (let round = 0; round < ROUNDS; round += 1) for (const one of CASES) one.rounds.push(await play(one, receiver));
    report();
  }),
);
