// What weeks of stored deliveries cost, in this run:
//   npm run bench:growth -- [--deliveries 5000000] [--events 20000] [--rounds 3]
// Two databases on one PostgreSQL, one of them with that many deliveries, their events and attempts, over 33 days of
// partitions. Printed: throughput of a worker on each, in alternating rounds; the time of every question to the log, for
// a tenant with millions of rows, one with a hundred thousand and a small one; of everything that runs by itself every
// few seconds to hours; and of dropping the oldest partitions.
import { setTimeout as delay } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '5000000' },
    events: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
  },
});
const [DELIVERIES, EVENTS, ROUNDS] = ['deliveries', 'events', 'rounds'].map((name) => Number(flags[name]));
const WEBHOOKS = 10;
const BATCH = 500;
const DATA = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };
const DAY_MS = 86_400_000;
/** How often each question is asked. */
const TIMES = 5;
const GOAL_MS = 50;

ensureBuilt();
const { withPostgres } = await import('./setup/database.mjs');
const { ADMIN_KEY, cpuMsOf, withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { withReceiver } = await import('./setup/receiver.mjs');
const { BIG, DAYS, makeHistory, MIDDLE, RARE, SMALL } = await import('./setup/history.mjs');
const { machine, median, table } = await import('./setup/numbers.mjs');
const { lowestIdAt } = await import('../dist/kernel/ids.js');
const { DeliveriesService } = await import('../dist/delivery/index.js');
const { EventsService } = await import('../dist/outbound/events.service.js');
const { ClaimQuery } = await import('../dist/delivery/claim/claim.js');
const { Sweeper } = await import('../dist/delivery/sweeper.js');
const { Partitions, Retention } = await import('../dist/platform/database/index.js');

async function fill(full, receiver) {
  const startedAt = performance.now();
  const tables = await withDispatcher(full.at, ({ database }) => database.tables);
  const webhooks = await makeHistory({
    connection: full.at.connection,
    tables,
    deliveries: DELIVERIES,
    url: receiver.url('/ok'),
  });
  await withDispatcher(full.at, async ({ database }) => {
    const [{ deliveries, attempts, size }] = await database.query({
      text: `SELECT (SELECT count(*)::int FROM ${tables.delivery}) AS deliveries,
                    (SELECT count(*)::int FROM ${tables.delivery_attempt}) AS attempts,
                    pg_size_pretty(pg_database_size(current_database())) AS size`,
    });
    console.log(
      `${deliveries} deliveries with ${attempts} attempts over ${DAYS} days, ${size}, ` +
        `made in ${Math.round((performance.now() - startedAt) / 1_000)} s.`,
    );
  });
  return webhooks;
}

async function subscribe(posthorn, receiver) {
  const ids = [];
  for (let n = 0; n < WEBHOOKS; n += 1)
    ids.push((await posthorn.createWebhook('default', receiver.url('/ok'), [`one.t${n}`])).id);
  return ids;
}

async function compareThroughput(empty, full, { postgres, receiver }) {
  for (let round = 0; round < ROUNDS; round += 1)
    for (const one of round % 2 === 0 ? [empty, full] : [full, empty])
      await withDispatcher(one.at, (posthorn) =>
        withProcess({ ...one.at, role: 'worker' }, async ({ pid }) => {
          // The first seconds of a process measure its compiler.
          await burst(posthorn, receiver, one.webhooks, Math.min(EVENTS, 5_000));
          const before = [cpuMsOf(postgres.pid), cpuMsOf(pid)];
          one.rates.push(await burst(posthorn, receiver, one.webhooks, EVENTS));
          one.cpu.push(
            [cpuMsOf(postgres.pid) - before[0], cpuMsOf(pid) - before[1]].map((ms) => (ms * 1_000) / EVENTS),
          );
        }),
      );
  console.log(
    `\nThroughput, medians of ${ROUNDS} alternating rounds; CPU is used up by a delivery, whatever else runs here:`,
  );
  const row = ({ name, rates, cpu }) => {
    const [ofPostgres, ofWorker] = [0, 1].map((part) => median(cpu.map((each) => each[part])));
    return [name, Math.round(median(rates)), Math.round(ofPostgres), Math.round(ofWorker)];
  };
  const [ofEmpty, ofFull] = [row(empty), row(full)];
  table([
    ['', 'deliveries/s', 'PostgreSQL µs', 'worker µs'],
    ofEmpty,
    ofFull,
    ['full of empty', ...[1, 2, 3].map((part) => (ofFull[part] / ofEmpty[part]).toFixed(2))],
  ]);
  console.log(
    `Rounds: empty ${empty.rates.map(Math.round).join(', ')}; full ${full.rates.map(Math.round).join(', ')}. Goal: 0.9.`,
  );
}

async function burst(posthorn, receiver, webhooks, events) {
  const before = (await receiver.counts())['/ok'] ?? 0;
  const startedAt = performance.now();
  for (let from = 0; from < events; from += BATCH)
    await posthorn.dispatcher.dispatchMany(
      Array.from({ length: Math.min(BATCH, events - from) }, (_, n) => ({ event: `one.t${n % WEBHOOKS}`, data: DATA })),
    );
  await receiver.reached('/ok', before + events);
  await posthorn.delivered(webhooks);
  return (events / (performance.now() - startedAt)) * 1_000;
}

/** Every filter, alone and together, from the newest page and from one three weeks down. */
function questions([first, second]) {
  const daysAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString();
  const statuses = ['pending', 'sending', 'retrying', 'success', 'client_error', 'failed', 'skipped', 'expired'];
  const events = ['order.created', RARE.event, RARE.oldEvent, 'never.sent'].map((event) => ({ event }));
  const times = [{ since: daysAgo(10) }, { until: daysAgo(20) }, { since: daysAgo(10), until: daysAgo(9) }];
  const httpStatuses = [200, 503, RARE.httpStatus, RARE.oldHttpStatus, 499].map((httpStatus) => ({ httpStatus }));
  const deliveries = [
    {},
    ...statuses.map((status) => ({ status })),
    ...events,
    ...httpStatuses,
    ...times,
    { webhookId: first },
    { webhookId: second },
    ...['pending', 'retrying', 'sending', 'failed', 'success'].map((status) => ({ webhookId: first, status })),
    { webhookId: second, status: 'failed' },
    { webhookId: second, ...events[2] },
    { webhookId: second, ...httpStatuses[1] },
    { status: 'failed', ...events[2] },
    { status: 'failed', httpStatus: 500 },
    { status: 'success', ...events[2] },
    { status: 'pending', ...events[2] },
    { ...events[2], since: daysAgo(2) },
    { webhookId: second, status: 'client_error', ...httpStatuses[2], ...events[2] },
  ];
  const deep = { cursor: Buffer.from(lowestIdAt(Date.now() - 21 * DAY_MS)).toString('base64url') };
  return [
    ['deliveries', deliveries],
    ['events', [{}, ...events, ...times, { ...events[2], since: daysAgo(2) }]],
  ].flatMap(([list, filters]) =>
    [...filters, ...filters.map((filter) => ({ ...filter, ...deep }))].map((filter) => ({ list, filter })),
  );
}

/** Each question through the service, what it costs PostgreSQL, and over HTTP from a process of the server. */
async function askTheLog({ at }, webhooks, postgres) {
  await withDispatcher(at, ({ find }) =>
    withProcess({ ...at, role: 'api' }, async ({ url }) => {
      // A connection reads what PostgreSQL knows of all partitions at its first question: some 50 ms that no other pays.
      await Promise.all(Array.from({ length: 40 }, () => find(DeliveriesService).list(BIG, { limit: 50 })));
      await Promise.all(Array.from({ length: 40 }, () => get(url, BIG, 'deliveries', {})));
      for (const tenant of [BIG, MIDDLE, SMALL]) {
        const rows = [['question', 'rows', 'more', 'CPU ms', 'HTTP ms', 'most']];
        let slow = 0;
        for (const { list, filter } of questions(webhooks[tenant])) {
          const service = find(list === 'events' ? EventsService : DeliveriesService);
          const overHttp = [];
          let page;
          const cpuBefore = cpuMsOf(postgres.pid);
          for (let n = 0; n < TIMES; n += 1) page = await service.list(tenant, { limit: 50, ...filter });
          const cpu = (cpuMsOf(postgres.pid) - cpuBefore) / TIMES;
          for (let n = 0; n < TIMES; n += 1) overHttp.push(await timeOf(() => get(url, tenant, list, filter)));
          if (median(overHttp) >= GOAL_MS) slow += 1;
          rows.push([
            `${list} ${describe(filter)}`,
            page.data.length,
            page.nextCursor ? 'yes' : '',
            ...[cpu, median(overHttp), Math.max(...overHttp)].map((ms) => ms.toFixed(1)),
          ]);
        }
        console.log(
          `\nThe log of tenant ${tenant}: medians of ${TIMES}; CPU is that of PostgreSQL, whatever else runs here.`,
        );
        table(rows);
        console.log(`${slow} of ${rows.length - 1} take ${GOAL_MS} ms or more over HTTP (goal: none).`);
      }
    }),
  );
}

async function get(url, tenant, list, filter) {
  const response = await fetch(`${url}/api/${list}?${new URLSearchParams({ limit: 50, ...filter })}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-tenant': tenant },
  });
  if (response.status !== 200) throw new Error(`${list} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

const describe = ({ cursor, webhookId, ...filter }) =>
  [
    ...Object.entries(filter).map(([name, value]) => `${name}=${String(value).slice(0, 16)}`),
    ...(webhookId ? ['webhookId'] : []),
    ...(cursor ? ['(deep)'] : []),
  ].join(' ');

async function timeOf(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Times every statement that goes through a `Database` from here on. */
function timing(database) {
  let entries = [];
  const wrap = (executor) => {
    const query = executor.query.bind(executor);
    return async (statement, values) => {
      const startedAt = performance.now();
      try {
        return await query(statement, values);
      } finally {
        entries.push({ name: statement.name ?? statement.text, ms: performance.now() - startedAt });
      }
    };
  };
  database.query = wrap(database);
  const transaction = database.transaction.bind(database);
  database.transaction = async (work) => {
    const [from, startedAt] = [entries.length, performance.now()];
    const result = await transaction((executor) => work({ query: wrap(executor) }));
    // The last statement carries what COMMIT took: dropping a table removes its files there.
    const all = entries.slice(from).reduce((sum, { ms }) => sum + ms, 0);
    const last = entries.at(-1);
    if (last && entries.length > from) last.ms += performance.now() - startedAt - all;
    return result;
  };
  return {
    reset: () => (entries = []),
    entries: () => entries,
  };
}

/** One look of everything that looks by itself; the first pass makes plans and is not shown. */
async function runWhatRunsByItself({ at }) {
  await withDispatcher(at, async ({ find, database }) => {
    const timed = timing(database);
    const claim = (lowWater) =>
      find(ClaimQuery).claim(
        { total: 512, perWebhook: 64, perBusyWebhook: new Map(), takesLarge: true },
        { after: lowestIdAt(0), lowWater },
      );
    const looks = [
      ['claim, every 250 ms to 1 s when idle', () => claim(lowestIdAt(Date.now() - DAY_MS))],
      ['claim over all partitions, every second', () => claim(lowestIdAt(0))],
      // Every twentieth sweep takes the slow looks, too; the first of a process does.
      ['sweep, every 3 s; with slow looks every minute', () => ((find(Sweeper).sweeps = 0), find(Sweeper).sweep())],
      ['health: strays, at every /health/ready', () => find(Partitions).tablesWithStrays()],
      ['partitions ahead, every hour', () => find(Partitions).makeAhead(Date.now())],
      ['retention with nothing to drop, every 5 minutes', () => find(Retention).enforce(Date.now())],
    ];
    console.log('\nWhat runs by itself, statement by statement (ms):');
    for (const [name, look] of looks) {
      await look();
      timed.reset();
      const ms = await timeOf(look);
      const worst = [...timed.entries()].sort((a, b) => b.ms - a.ms).slice(0, 8);
      console.log(`  ${name}: ${ms.toFixed(1)} in ${timed.entries().length} statements`);
      for (const entry of worst)
        console.log(`    ${entry.ms.toFixed(1).padStart(7)}  ${entry.name.replace(/\s+/g, ' ').slice(0, 110)}`);
    }
  });
}

/** The retention of 30 days, as its next round would find it. */
async function dropOldest({ at }) {
  await withDispatcher(at, async ({ database }) => {
    const timed = timing(database);
    const retention = new Retention(database, { retentionMs: 30 * DAY_MS });
    const dropped = () => timed.entries().filter(({ name }) => name.startsWith('DROP'));
    // A round that finds somebody at work leaves the rest to the next one, which is five minutes later in earnest.
    let rounds = 0;
    for (let before = -1; before !== dropped().length || rounds < 3; rounds += 1) {
      before = dropped().length;
      await retention.enforce(Date.now());
      await delay(500);
    }
    console.log('\nDropping what is older than 30 days (goal: less than 1 s each):');
    for (const { name, ms } of dropped()) console.log(`  ${ms.toFixed(1).padStart(7)} ms  ${name}`);
    const [{ count }] = await database.query({ text: `SELECT count(*)::int FROM ${database.tables.delivery}` });
    console.log(`  ${count} deliveries are left.`);
  });
}

console.log(`${machine()}.`);
await withReceiver((receiver) =>
  withPostgres(async (postgres) => {
    console.log(`PostgreSQL: ${await postgres.settings()}`);
    const empty = { name: 'empty', at: await postgres.createDatabase('empty'), rates: [], cpu: [] };
    const full = { name: 'full', at: await postgres.createDatabase('grown'), rates: [], cpu: [] };
    const webhooks = await fill(full, receiver);
    for (const one of [empty, full])
      one.webhooks = await withDispatcher(one.at, (posthorn) => subscribe(posthorn, receiver));
    await compareThroughput(empty, full, { postgres, receiver });
    await askTheLog(full, webhooks, postgres);
    await runWhatRunsByItself(full);
    await dropOldest(full);
  }),
);
