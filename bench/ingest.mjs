// How fast events are taken over HTTP, against a handler of the same application that does nothing, all in this run:
//   npm run bench:ingest -- [--seconds 5] [--rounds 3] [--connections 64] [--only unread,empty,none,one,batch] [--cpu-prof]
// The handler is an empty POST beside the API: the same Express and middleware, the same request, its body read and parsed by
// the same code, no API key asked for and no validation. One that does not even read its body is shown beside it.
// `POST /api/events` with 1 KB of data and an API key on kept-alive connections; each answer means that PostgreSQL, with its
// durable defaults, has committed. Nothing is sent from here, so that taking alone is measured. The server, PostgreSQL and
// the load are processes of their own on this machine. Prints, and judges nothing: ratios travel, rates do not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: 'unread,empty,none,one,batch' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const [SECONDS, ROUNDS] = [Number(flags.seconds), Number(flags.rounds)];
const BATCH = 100;

ensureBuilt();
const { withPostgres } = await import('./setup/database.mjs');
const { withApi } = await import('./setup/api-process.mjs');
const { cpuMsOf } = await import('./setup/posthorn.mjs');
const { machine, median, table } = await import('./setup/numbers.mjs');

const event = (type) => ({ event: type, data: { orderId: '1042', total: '99.95', note: 'x'.repeat(950) } });

const CASES = [
  { name: 'unread', title: 'the same, its body left unread', path: '/unread', body: event('order.completed') },
  { name: 'empty', title: 'a handler that does nothing', path: '/empty', body: event('order.completed') },
  { name: 'none', title: 'an event, nobody subscribes', path: '/api/events', body: event('order.ignored') },
  { name: 'one', title: 'an event, one webhook', path: '/api/events', body: event('order.completed') },
  {
    name: 'batch',
    title: `a batch of ${BATCH} events, one webhook`,
    path: '/api/events/batch',
    body: { events: Array.from({ length: BATCH }, () => event('order.completed')) },
    events: BATCH,
    // Each holds 100 KB and a hundred rows: more at a time would only wait.
    connections: 4,
  },
];

/** Requests as fast as they are answered, by autocannon in its own process. */
async function load(api, { path, body, connections = flags.connections }, seconds) {
  const headers = { ...api.headers, 'Content-Type': 'application/json' };
  const autocannon = spawn(
    process.execPath,
    [
      createRequire(import.meta.url).resolve('autocannon'),
      ...['--json', '--method', 'POST', '--connections', connections, '--duration', seconds].map(String),
      ...Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]),
      ...['--body', JSON.stringify(body), `${api.url}${path}`],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [output] = await Promise.all([text(autocannon.stdout), once(autocannon, 'exit')]);
  const result = JSON.parse(output);
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} refusals and ${result.errors} errors: nothing was measured.`);
  return { requests: result['2xx'], seconds: result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

/** One round of one case, with the processor time that a request takes from the server and from PostgreSQL. */
async function round(api, postgres, one) {
  const before = [cpuMsOf(api.pid), cpuMsOf(postgres.pid)];
  const { requests, seconds, p50, p99 } = await load(api, one, SECONDS);
  const [serverUs, postgresUs] = [api.pid, postgres.pid].map(
    (pid, at) => ((cpuMsOf(pid) - before[at]) * 1_000) / requests,
  );
  return { rate: requests / seconds, p50, p99, serverUs, postgresUs };
}

async function subscribe(api) {
  const response = await fetch(`${api.url}/api/webhooks`, {
    method: 'POST',
    headers: { ...api.headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ url: 'http://127.0.0.1:9/hook', events: ['order.completed'] }),
  });
  if (response.status !== 201) throw new Error(`No webhook: ${await response.text()}`);
}

function print(results) {
  const rateOf = (name) => median(results.get(name).map(({ rate }) => rate));
  const empty = results.has('empty') ? rateOf('empty') : Number.NaN;
  table([
    ['', 'requests/s', 'of empty', 'events/s', 'p50 ms', 'p99 ms', 'server µs', 'PostgreSQL µs'],
    ...CASES.filter(({ name }) => results.has(name)).map(({ name, title, path, events = 1 }) => {
      const of = (field) => median(results.get(name).map((one) => one[field]));
      const sent = path.startsWith('/api') ? Math.round(rateOf(name) * events) : '';
      const us = [of('serverUs'), of('postgresUs')].map(Math.round);
      return [title, Math.round(rateOf(name)), (rateOf(name) / empty).toFixed(2), sent, of('p50'), of('p99'), ...us];
    }),
  ]);
}

console.log(`${machine()}.`);
await withPostgres(async (postgres) => {
  const at = await postgres.createDatabase('ingest');
  await withApi(at, { node: flags['cpu-prof'] ? ['--cpu-prof'] : [] }, async (api) => {
    await subscribe(api);
    const cases = CASES.filter(({ name }) => flags.only.split(',').includes(name));
    // The first seconds of a process measure its compiler.
    for (const one of cases) await load(api, one, 2);
    const results = new Map(cases.map(({ name }) => [name, []]));
    for (let n = 0; n < ROUNDS; n += 1)
      for (const one of cases) results.get(one.name).push(await round(api, postgres, one));
    print(results);
    console.log(`PostgreSQL: ${await postgres.settings()}`);
  });
});
