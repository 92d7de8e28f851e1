// What more worker processes bring, in this run:
//   npm run bench:replicas -- [--events 20000] [--concurrency 64,256] [--rounds 3]
// 1, 2 and 4 processes of `node dist/main.js` in the role worker on one PostgreSQL, and receivers that take 50 ms. In each
// round the workers stand before a backlog whose webhooks are paused, and go off together; the rate is that of receivers
// answering, from the moment that a tenth is answered to nine tenths, so that neither start nor stragglers count.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string', default: '20000' },
    concurrency: { type: 'string', default: '64,256' },
    rounds: { type: 'string', default: '3' },
  },
});
const [EVENTS, ROUNDS] = [Number(flags.events), Number(flags.rounds)];
const CONCURRENCIES = flags.concurrency.split(',').map(Number);
const REPLICAS = [1, 2, 4];
const RECEIVER_MS = 50;
const WEBHOOKS = 20;
const BATCH = 500;
const DATA = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };

ensureBuilt();
const { withPostgres } = await import('./setup/database.mjs');
const { cpuMsOf, withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { machineNow, withReceiver } = await import('./setup/receiver.mjs');
const { machine, median, table } = await import('./setup/numbers.mjs');

/** Runs `work` with `count` workers, all started. */
async function withWorkers(count, at, env, work, started = []) {
  if (started.length === count) return work(started);
  return withProcess({ ...at, role: 'worker', env }, (worker) =>
    withWorkers(count, at, env, work, [...started, worker]),
  );
}

async function play(replicas, concurrency, { at, posthorn, webhooks, receiver, postgres }) {
  const { webhook, webhook_health: health } = posthorn.database.tables;
  await posthorn.database.query(
    {
      text: `INSERT INTO ${health} (webhook_id, tenant_id, consecutive_failures, failing_since, paused_until)
             SELECT id, tenant_id, 0, now(), now() + interval '1 hour' FROM ${webhook} WHERE id = ANY ($1::uuid[])`,
    },
    [webhooks],
  );
  for (let from = 0; from < EVENTS; from += BATCH)
    await posthorn.dispatcher.dispatchMany(
      Array.from({ length: BATCH }, (_, n) => ({ event: `one.t${n % WEBHOOKS}`, data: DATA })),
    );
  const answered = async () => Object.values(await receiver.counts()).reduce((sum, count) => sum + count, 0);
  const before = await answered();
  return withWorkers(replicas, at, { DELIVERY_CONCURRENCY: String(concurrency) }, async (workers) => {
    const cpu = () => [postgres.pid, ...workers.map(({ pid }) => pid)].map(cpuMsOf);
    const reached = async (part) => {
      for (;;) {
        const count = (await answered()) - before;
        if (count >= EVENTS * part) return { at: machineNow(), count, cpu: cpu() };
        await delay(20);
      }
    };
    await posthorn.database.query({ text: `DELETE FROM ${health} WHERE webhook_id = ANY ($1::uuid[])` }, [webhooks]);
    const [from, to] = [await reached(0.1), await reached(0.9)];
    await posthorn.delivered(webhooks);
    const spent = to.cpu.map((ms, index) => ms - from.cpu[index]);
    const [done, ms] = [to.count - from.count, to.at - from.at];
    return {
      rate: (done / ms) * 1_000,
      postgresUs: (spent[0] * 1_000) / done,
      workerUs: (spent.slice(1).reduce((sum, each) => sum + each, 0) * 1_000) / done,
      cores: spent.reduce((sum, each) => sum + each, 0) / ms,
    };
  });
}

console.log(`${machine()}. Receivers answer after ${RECEIVER_MS} ms; events of 1 KB.`);
await withReceiver((receiver) =>
  withPostgres(async (postgres) => {
    console.log(`PostgreSQL: ${await postgres.settings()}`);
    const at = await postgres.createDatabase('replicas');
    await withDispatcher(at, async (posthorn) => {
      const webhooks = [];
      for (let n = 0; n < WEBHOOKS; n += 1) {
        const url = receiver.url(`/slow/${RECEIVER_MS}`);
        webhooks.push((await posthorn.createWebhook('default', url, [`one.t${n}`])).id);
      }
      for (const concurrency of CONCURRENCIES) {
        const runs = new Map(REPLICAS.map((replicas) => [replicas, []]));
        for (let round = 0; round < ROUNDS; round += 1)
          for (const replicas of REPLICAS)
            runs.get(replicas).push(await play(replicas, concurrency, { at, posthorn, webhooks, receiver, postgres }));
        const of = (replicas, what) => median(runs.get(replicas).map((run) => run[what]));
        console.log(
          `\nDELIVERY_CONCURRENCY ${concurrency}: a worker can make ${(concurrency * 1_000) / RECEIVER_MS} deliveries/s ` +
            `at most. Medians of ${ROUNDS} rounds; µs of processor for a delivery, and cores that PostgreSQL and workers kept busy:`,
        );
        console.log(
          `Rounds: ${REPLICAS.map(
            (replicas) =>
              `${replicas}: ${runs
                .get(replicas)
                .map(({ rate }) => Math.round(rate))
                .join(', ')}`,
          ).join('; ')}.`,
        );
        table([
          ['workers', 'deliveries/s', 'of one', 'PostgreSQL µs', 'workers µs', 'cores'],
          ...REPLICAS.map((replicas) => [
            replicas,
            Math.round(of(replicas, 'rate')),
            (of(replicas, 'rate') / of(1, 'rate')).toFixed(2),
            Math.round(of(replicas, 'postgresUs')),
            Math.round(of(replicas, 'workerUs')),
            of(replicas, 'cores').toFixed(2),
          ]),
        ]);
      }
    });
  }),
);
