// What the server costs while there is nothing to do:
//   npm run bench:idle -- [--seconds 60] [--settle 45]
// One process of the server in the role all, with a few webhooks and a source registered, on the embedded PostgreSQL. Once
// it has settled down, the processor time of the process and of PostgreSQL, and the transactions it ran, are taken over
// `seconds`. Until then V8 collects, twice and some 20 s after the start, what starting has left: that minute is shown
// beside it. So is the same PostgreSQL before the server was started: what it costs by itself. Prints, and judges nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    settle: { type: 'string', default: '45' },
  },
});
const [SECONDS, SETTLE] = [Number(flags.seconds), Number(flags.settle)];

ensureBuilt();
const { withClient, withPostgres } = await import('./setup/database.mjs');
const { ADMIN_KEY, cpuMsOf, memoryOf, withProcess } = await import('./setup/posthorn.mjs');
const { machine, table } = await import('./setup/numbers.mjs');

async function post(url, path, body) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${path}: ${await response.text()}`);
}

async function register(url) {
  for (let n = 0; n < 5; n += 1)
    await post(url, '/api/webhooks', { url: `http://127.0.0.1:9/hook-${n}`, events: [`order.t${n}`] });
  await post(url, '/api/sources', { name: 'shop', provider: 'github', secrets: ['a secret of twenty bytes and more'] });
}

/** Transactions of a database so far. Connections report theirs with a delay of a second at most, while they are used. */
async function transactions({ connection }) {
  const sum = 'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()';
  return withClient(connection, async (client) => Number((await client.query(sum)).rows[0].count));
}

/** Percent of one core that each of these processes, with those it started, uses over so many seconds. */
async function loadOf(pids, seconds = SECONDS) {
  const before = pids.map(cpuMsOf);
  const startedAt = performance.now();
  await delay(seconds * 1_000);
  const ms = performance.now() - startedAt;
  return pids.map((pid, at) => (100 * (cpuMsOf(pid) - before[at])) / ms);
}

console.log(`${machine()}. ${SECONDS} s, after ${SETTLE} s to settle down.`);
await withPostgres(async (postgres) => {
  console.log(`PostgreSQL: ${await postgres.settings()}`);
  const at = await postgres.createDatabase('idle');
  const [alone] = await loadOf([postgres.pid]);
  await withProcess({ ...at, role: 'all' }, async ({ url, pid }) => {
    await register(url);
    const [settling] = await loadOf([pid], SETTLE);
    const before = await transactions(at);
    const [server, database] = await loadOf([pid, postgres.pid]);
    const perSecond = ((await transactions(at)) - before) / SECONDS;
    table([
      ['', '% of a core', 'transactions/s', 'MB'],
      ['server, nothing to do', server.toFixed(2), perSecond.toFixed(1), memoryOf(pid).now],
      [`server, in the ${SETTLE} s before`, settling.toFixed(2), '', ''],
      ['PostgreSQL, with it', database.toFixed(2), '', ''],
      ['PostgreSQL, alone', alone.toFixed(2), '', ''],
    ]);
  });
  console.log('Goal: the server below 1 %.');
});
