// How much memory a worker takes, whatever waits for it and whatever it is answered:
//   npm run bench:memory -- [--backlog 1000000] [--seconds 60] [--only backlog,large,in-flight,answers]
// A process of `node dist/main.js` in the role worker on one PostgreSQL, for each of: a million deliveries of 1 KB that wait;
// payloads of 256 KiB, more than are in flight at a time; receivers that answer with 1 MiB. Its resident memory is printed
// every few seconds, and the most it ever was.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    backlog: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string', default: 'backlog,large,in-flight,answers' },
    // For the worker, such as --max-semi-space-size=8.
    'node-options': { type: 'string', default: '' },
  },
});
const [BACKLOG, SECONDS] = [Number(flags.backlog), Number(flags.seconds)];
const WEBHOOKS = 20;
const GOAL_MB = 250;
const SAMPLE_MS = 500;

ensureBuilt();
const { withClient, withPostgres } = await import('./setup/database.mjs');
const { memoryOf, withDispatcher, withProcess } = await import('./setup/posthorn.mjs');
const { withReceiver } = await import('./setup/receiver.mjs');
const { machine } = await import('./setup/numbers.mjs');

const large = (bytes) => ({ note: 'é"x'.repeat(Math.floor((bytes - 100) / 5)) });

const CASES = [
  {
    name: 'backlog',
    title: `${BACKLOG} deliveries of 1 KB wait`,
    path: '/ok',
    fill: (posthorn, webhooks, at) => storeBacklog(posthorn, webhooks, at),
  },
  {
    name: 'large',
    title: '64 payloads of 256 KiB, receivers answer after 50 ms',
    path: '/slow/50',
    fill: (posthorn) => dispatchLarge(posthorn, 64),
  },
  {
    name: 'in-flight',
    title: '2,000 payloads of 256 KiB, receivers answer after 2 s: as many in flight as there are slots',
    path: '/slow/2000',
    fill: (posthorn) => dispatchLarge(posthorn, 2_000),
  },
  {
    name: 'answers',
    title: '20,000 deliveries of 1 KB, receivers answer with 1 MiB',
    path: '/big/1048576',
    fill: (posthorn) => dispatchSmall(posthorn, 20_000),
  },
];

/** A million events, each with a delivery, by the statements of a session that does not wait for the disk. */
async function storeBacklog({ database: { tables: t } }, webhooks, { connection }) {
  await withClient(connection, async (client) => {
    await client.query('SET synchronous_commit = off');
    const step = 50_000;
    for (let from = 0; from < BACKLOG; from += step)
      await client.query(
        `WITH made AS (
           SELECT ('0' || left(time, 7) || '-' || substr(time, 8, 4) || '-7' || left(hash, 3) || '-8' || substr(hash, 4, 3)
                   || '-' || substr(hash, 7, 12))::uuid AS id, n
           FROM (SELECT n, to_hex($1::bigint + n / 100) AS time, md5(n::text) AS hash
                 FROM generate_series($2::int, $3::int) AS n) a
         ), stored AS (
           INSERT INTO ${t.event} (id, tenant_id, type, occurred_at, data)
           SELECT id, 'default', 'one.t0', now(), convert_to('{"note":"' || repeat('x', 1000) || '"}', 'UTF8') FROM made
         )
         INSERT INTO ${t.delivery} (id, tenant_id, event_id, event_type, webhook_id, status, due_at)
         SELECT id, 'default', id, 'one.t0', ($4::uuid[])[1 + n % ${WEBHOOKS}], 'pending', now() FROM made`,
        [Date.now(), from, Math.min(from + step, BACKLOG) - 1, webhooks],
      );
  });
}

async function dispatchLarge({ dispatcher }, count) {
  for (let from = 0; from < count; from += 32)
    await dispatcher.dispatchMany(
      Array.from({ length: Math.min(32, count - from) }, (_, n) => ({
        event: `one.t${n % WEBHOOKS}`,
        data: large(262_144),
      })),
    );
}

async function dispatchSmall({ dispatcher }, count) {
  for (let from = 0; from < count; from += 500)
    await dispatcher.dispatchMany(
      Array.from({ length: 500 }, (_, n) => ({ event: `one.t${n % WEBHOOKS}`, data: { note: 'x'.repeat(1_000) } })),
    );
}

/** Watches a worker until it has delivered everything, or for as long as asked. */
async function watch(one, { at, posthorn, webhooks, receiver }) {
  const requests = async () => (await receiver.counts())[one.path] ?? 0;
  const before = await requests();
  await withProcess(
    { ...at, role: 'worker', node: flags['node-options'].split(' ').filter(Boolean) },
    async ({ pid }) => {
      const series = [];
      let isDone = false;
      // Once we stop looking there is nobody left to answer it.
      posthorn.delivered(webhooks).then(
        () => (isDone = true),
        () => undefined,
      );
      for (let n = 0; n < (SECONDS * 1_000) / SAMPLE_MS && !isDone; n += 1) {
        series.push(memoryOf(pid).now);
        await delay(SAMPLE_MS);
      }
      const { most } = memoryOf(pid);
      const every = Math.ceil(series.length / 20);
      console.log(`${one.title}:`);
      console.log(
        `  ${(await requests()) - before} requests in ${(series.length * SAMPLE_MS) / 1_000} s; MB over time: ${series.filter((_, n) => n % every === 0).join(' ')}`,
      );
      console.log(`  most ${most} MB (goal: below ${GOAL_MB})`);
    },
  );
}

console.log(`${machine()}.`);
await withReceiver((receiver) =>
  withPostgres(async (postgres) => {
    for (const one of CASES.filter(({ name }) => flags.only.split(',').includes(name))) {
      // A database for each, so that what one leaves does not wait in the next.
      const at = await postgres.createDatabase(one.name.replace('-', '_'));
      await withDispatcher(at, async (posthorn) => {
        const webhooks = [];
        for (let n = 0; n < WEBHOOKS; n += 1)
          webhooks.push((await posthorn.createWebhook('default', receiver.url(one.path), [`one.t${n}`])).id);
        await one.fill(posthorn, webhooks, at);
        await watch(one, { at, posthorn, webhooks, receiver });
      });
    }
  }),
);
