// How fast events are delivered, against what could not be faster and what people write by hand, all in this run:
//   node bench/delivery.mjs [--deliveries 20000] [--rounds 5] [--concurrency 256] [--fan-out 1|10] [--cpu-prof]
// Posthorn: EventDispatcher of the build, embedded PostgreSQL with its durable defaults, every attempt logged. Bare undici:
// the same signed POSTs at the same concurrency, no database, no retries. Tutorial: fetch, sign, retry thrice, in memory.
// The receiver is a process of its own on the same machine. REDIS_URL is taken from the
// environment. A machine that others share is now fast, now slow: each of Posthorn's runs has one of bare undici just before
// it, and the medians of several rounds are shown. Three processes share the cores: where these are fewer, the ratio by main
// thread tells what that would do with one of its own, by the time that it ran for. Prints, and judges nothing: ratios
// travel, rates do not.
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';
import { machine, median, table } from './setup/numbers.mjs';

const { values: flags } = parseArgs({
  options: {
    // Deliveries of one round; with fan-out 10, of a tenth as many events.
    deliveries: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '256' },
    'fan-out': { type: 'string' },
    'cpu-prof': { type: 'boolean', default: false },
    receiver: { type: 'boolean', default: false },
  },
});
const DELIVERIES = Number(flags.deliveries);
const ROUNDS = Number(flags.rounds);
const CONCURRENCY = Number(flags.concurrency);
const WEBHOOKS = 10;
const FAN_OUTS = flags['fan-out'] ? [Number(flags['fan-out'])] : [1, WEBHOOKS];
/** Deliveries of one batch: 200 events to one webhook each, or 20 to ten. */
const BATCH = 200;
/** A stream: its producers wait while so many deliveries have not arrived. Without it, all are dispatched as fast as they can be stored. */
const STREAM = 1_500;
/** Callers of the dispatcher at the same time: with one, nothing is sent while the first batch is stored. */
const PRODUCERS = 2;
/** The receiver tells of so many requests, unasked. */
const PROGRESS = 100;
/** What the table compares. */
const RATIOS = ['of bare undici', 'of tutorial', 'of bare undici, by main thread'];
/** Microseconds for each delivery: a column of the table, and what is measured. */
const SPENT = new Map([
  ['µs of node', 'node'],
  ['main thread', 'ran'],
  ['waits for a core', 'waited'],
  ['of receiver', 'receiver'],
  ['of PostgreSQL', 'PostgreSQL'],
]);
const PAYLOAD = { orderId: '1042', total: '99.95', note: 'x'.repeat(950) };

if (flags.receiver) receive();
else await main();

/** Answers 200 to everything and tells, when asked, how much it has seen. */
function receive() {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests += 1;
      if (requests % PROGRESS === 0) process.send({ requests });
      response.writeHead(200).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.on('message', () => process.send({ requests, asked: true }));
  process.on('disconnect', () => process.exit());
}

async function main() {
  ensureBuilt();
  const { cpuMsOf } = await import('./setup/posthorn.mjs');
  const receiver = fork(new URL(import.meta.url), ['--receiver']);
  const [{ port }] = await once(receiver, 'message');
  const url = `http://127.0.0.1:${port}/hook`;
  // Several messages may come in one turn: whoever awaits them one by one misses some.
  const answers = new EventEmitter();
  receiver.on('message', ({ requests, asked }) => answers.emit(asked ? 'answer' : 'progress', requests));
  const seen = async () => {
    receiver.send('how many?');
    return (await once(answers, 'answer'))[0];
  };
  const progress = async () => (await once(answers, 'progress'))[0];
  try {
    console.log(
      `${machine()}. Rounds of ${DELIVERIES} deliveries of 1 KB, ${CONCURRENCY} requests in flight, everything on this machine.`,
    );
    const measured = async (deliveries, work, others = {}) => {
      const used = () => ({
        node: (process.cpuUsage().user + process.cpuUsage().system) / 1_000,
        ...mainThread(),
        ...Object.fromEntries(
          Object.entries({ receiver: receiver.pid, ...others }).map(([who, pid]) => [who, cpuMsOf(pid)]),
        ),
      });
      const before = used();
      const startedAt = performance.now();
      await work();
      const seconds = (performance.now() - startedAt) / 1_000;
      const after = used();
      const spent = Object.keys(after).map((who) => [who, ((after[who] - before[who]) * 1_000) / deliveries]);
      return { rate: deliveries / seconds, spent: Object.fromEntries(spent) };
    };
    // The warm-up is not shown: the first seconds of a process measure its compiler.
    await undiciLoop(url, Math.min(DELIVERIES, 5_000));
    const bareLoop = () => measured(DELIVERIES, () => undiciLoop(url, DELIVERIES));
    const slowly = Math.ceil(DELIVERIES / 4);
    const tutorialLoop = () => measured(slowly, () => fetchLoop(url, slowly));
    await withPosthorn(url, seen, progress, async ({ run, settings, postgresPid }) => {
      await run(Math.min(DELIVERIES, 3_000), 1, STREAM);
      const profiler = flags['cpu-prof'] ? await startProfiler() : undefined;
      const posthorn = async (fanOut, outstanding) => {
        const before = await seen();
        const events = DELIVERIES / fanOut;
        const measure = await measured(DELIVERIES, () => run(events, fanOut, outstanding), { PostgreSQL: postgresPid });
        const requests = (await seen()) - before;
        if (requests !== DELIVERIES) console.log(`The receiver saw ${requests} requests for ${DELIVERIES} deliveries.`);
        return measure;
      };
      const tutorials = [];
      const cases = FAN_OUTS.flatMap((fanOut) => [
        { name: `fan-out ${fanOut}, a stream`, fanOut, outstanding: STREAM, pairs: [] },
        { name: `fan-out ${fanOut}, all at once`, fanOut, outstanding: Infinity, pairs: [] },
      ]);
      for (let round = 1; round <= ROUNDS; round += 1) {
        const tutorial = await tutorialLoop();
        tutorials.push(tutorial);
        for (const { fanOut, outstanding, pairs } of cases) {
          const bare = await bareLoop();
          const own = await posthorn(fanOut, outstanding);
          pairs.push({ bare, own, ofBare: own.rate / bare.rate, ofTutorial: own.rate / tutorial.rate });
        }
        const ratios = cases.map(({ name, pairs }) => `${name} ${pairs.at(-1).ofBare.toFixed(2)}`);
        console.log(`round ${round}, of bare undici: ${ratios.join('; ')}`);
      }
      await profiler?.();
      const middle = (measures) => [
        Math.round(median(measures.map(({ rate }) => rate))),
        ...[...SPENT.values()].map((who) => median(measures.map(({ spent }) => spent[who]))),
      ];
      const row = (name, measures, ...ratios) => {
        const [rate, ...spent] = middle(measures);
        return [name, rate, ...ratios, ...spent.map((us) => (us === undefined ? '–' : Math.round(us)))];
      };
      table([
        ['medians', 'deliveries/s', ...RATIOS, ...SPENT.keys()],
        row(
          'bare undici, no database',
          cases.flatMap(({ pairs }) => pairs.map(({ bare }) => bare)),
          '1',
          '',
          '1',
        ),
        row('fetch loop of a tutorial', tutorials, '', '1', ''),
        ...cases.map(({ name, pairs }) => {
          const ratiosOf = (which) => pairs.map((pair) => pair[which]).sort((a, b) => a - b);
          const spread = (ratios) =>
            `${median(ratios).toFixed(2)} (${ratios[0].toFixed(2)}–${ratios.at(-1).toFixed(2)})`;
          const own = pairs.map((pair) => pair.own);
          const byMainThread = median(pairs.map(({ bare, own: { spent } }) => bare.spent.ran / spent.ran));
          const ratios = [spread(ratiosOf('ofBare')), spread(ratiosOf('ofTutorial')), byMainThread.toFixed(2)];
          return row(`Posthorn, ${name}`, own, ...ratios);
        }),
      ]);
      console.log(`Queue on ${process.env.REDIS_URL ? 'Redis' : 'PostgreSQL'}. PostgreSQL: ${settings}`);
    });
  } finally {
    receiver.kill();
  }
}

/** Milliseconds that this process's main thread has run for, and that it was ready to run and had no core. Of Linux. */
function mainThread() {
  const [ran, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

/** Posthorn as an application context in this process, its database in a directory that is removed afterwards. */
async function withPosthorn(url, seen, progress, work) {
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('../dist/app.module.js');
  const { EventDispatcher } = await import('../dist/outbound/index.js');
  const { Database } = await import('../dist/platform/database/index.js');
  const { WebhooksService } = await import('../dist/registry/index.js');
  const { withPostgres } = await import('./setup/database.mjs');
  await withPostgres(async (postgres) => {
    const { connection } = await postgres.createDatabase('delivery');
    const app = await NestFactory.createApplicationContext(
      AppModule.register({
        connection,
        encryptionKey: randomBytes(32).toString('base64'),
        deliveryConcurrency: CONCURRENCY,
        allowHttp: true,
        allowNetworks: ['127.0.0.0/8'],
        ...(process.env.REDIS_URL && { redisUrl: process.env.REDIS_URL }),
      }),
      { logger: ['warn', 'error'] },
    );
    const database = app.get(Database, { strict: false });
    const dispatcher = app.get(EventDispatcher, { strict: false });
    // Fan-out 1 uses as many webhooks as fan-out 10: one webhook alone may hold a part of the slots only.
    for (let n = 0; n < WEBHOOKS; n += 1)
      await app.get(WebhooksService, { strict: false }).create('default', { url, events: [`one.t${n}`, 'many.x'] });
    const waiting = {
      text: `SELECT FROM ${database.tables.delivery} WHERE status IN ('pending', 'sending', 'retrying') LIMIT 1`,
    };
    const run = async (events, fanOut, outstanding) => {
      let arrived = await seen();
      const before = arrived;
      const expected = before + events * fanOut;
      let dispatched = 0;
      const producer = async () => {
        while (dispatched < events) {
          while (before + (dispatched * fanOut + BATCH) - arrived > outstanding) arrived = await progress();
          const from = dispatched;
          dispatched += BATCH / fanOut;
          const batch = Array.from({ length: Math.min(BATCH / fanOut, events - from) }, (_, n) => ({
            event: fanOut === 1 ? `one.t${n % WEBHOOKS}` : 'many.x',
            data: PAYLOAD,
          }));
          await dispatcher.dispatchMany(batch);
        }
      };
      await Promise.all(Array.from({ length: PRODUCERS }, producer));
      // The table is asked only at the end: a look at it in mid-run reads what PostgreSQL has not vacuumed yet, and costs a core.
      while ((await seen()) < expected) await delay(20);
      while ((await database.query(waiting)).length > 0) await delay(20);
    };
    try {
      await work({ run, settings: await postgres.settings(), postgresPid: postgres.pid });
    } finally {
      await app.close();
    }
  });
}

/** What both loops send: body and headers as Posthorn makes them, signed with the same two schemes. */
function signed(n) {
  const secret = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';
  const id = `evt-${n}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const body = Buffer.from(JSON.stringify({ id, event: 'one.t0', timestamp: new Date().toISOString(), data: PAYLOAD }));
  const standard = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return {
    body,
    headers: {
      'Content-Type': 'application/json',
      'X-Webhook-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      'X-Webhook-Event': 'one.t0',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${standard}`,
    },
  };
}

/** `lanes` workers that take the next number until there is none. */
async function inLanes(total, work) {
  let next = 0;
  const lane = async () => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

async function undiciLoop(url, total) {
  const { Pool } = await import('undici');
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: CONCURRENCY });
  await inLanes(total, async (n) => {
    const { statusCode, body } = await pool.request({ path: pathname, method: 'POST', ...signed(n) });
    await body.dump();
    if (statusCode !== 200) throw new Error(`The receiver answered ${statusCode}.`);
  });
  await pool.close();
}

/** As blog posts have it: three tries with a pause, a time-out, and nothing that survives the process. */
async function fetchLoop(url, total) {
  await inLanes(total, async (n) => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          ...signed(n),
          signal: globalThis.AbortSignal.timeout(10_000),
        });
        await response.text();
        if (response.ok) return;
      } catch {
        // Tried again below.
      }
      await delay(2 ** attempt * 1_000);
    }
  });
}

/** Profiles this process; the function it gives stops that and prints the five biggest costs, by package and by function. */
async function startProfiler() {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const byPlace = new Map();
    const byFunction = new Map();
    let total = 0;
    const add = (map, key, us) => map.set(key, (map.get(key) ?? 0) + us);
    profile.samples.forEach((id, index) => {
      const us = profile.timeDeltas[index];
      const { functionName, url } = nodes.get(id).callFrame;
      if (functionName === '(idle)') return;
      total += us;
      const place = placeOf(url, functionName);
      add(byPlace, place, us);
      add(byFunction, `${functionName || '(anonymous)'} [${place}]`, us);
    });
    for (const [title, map] of [
      ['by place', byPlace],
      ['by function', byFunction],
    ]) {
      console.log(`    CPU of this process, idle left out, ${title}:`);
      for (const [key, us] of [...map].sort((a, b) => b[1] - a[1]).slice(0, 5))
        console.log(`      ${((100 * us) / total).toFixed(1).padStart(5)} %  ${key}`);
    }
  };
}

function placeOf(url, functionName) {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (name) return name;
  if (url.startsWith('node:')) return url;
  const ours = /\/dist\/(.+)$/.exec(url)?.[1];
  if (ours) return `posthorn ${ours}`;
  return url ? path.basename(url) : functionName.startsWith('(') ? functionName : 'V8 and native code';
}
