// How fast signed webhooks are taken, against Express that verifies and answers, all in this run:
//   npm run bench:receiving -- [--seconds 5] [--rounds 3] [--connections 64] [--only express,adapted,redis,posthorn] [--cpu-prof]
// GitHub's `pull_request` of 1 KB on kept-alive connections, each with an id of its own. Posthorn answers when the event, its
// handler's run and the outcome are committed by a PostgreSQL with its durable defaults; the others keep nothing that a crash
// leaves. Server, database and load are processes of their own on this machine. Prints, and judges nothing: ratios travel,
// rates do not.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/ensure.mjs';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string', default: 'express,adapted,redis,posthorn' },
    'cpu-prof': { type: 'boolean', default: false },
  },
});
const [SECONDS, ROUNDS] = [Number(flags.seconds), Number(flags.rounds)];

ensureBuilt();
const { withPostgres } = await import('./setup/database.mjs');
const { redisMissing, SECRET, withRedis, withServer } = await import('./setup/receiving-processes.mjs');
const { cpuMsOf } = await import('./setup/posthorn.mjs');
const { machine, median, table } = await import('./setup/numbers.mjs');

const TITLES = {
  express: 'Express: verified and answered',
  adapted: 'the same, on the HTTP server of Posthorn',
  redis: 'tutorial: Express and an id in Redis',
  posthorn: 'Posthorn: stored, run once, settled',
};
const BODY = JSON.stringify({ action: 'opened', number: 1042, pull_request: { title: 'x'.repeat(950) } });
const HEADERS = {
  'Content-Type': 'application/json',
  'X-GitHub-Event': 'pull_request',
  'X-GitHub-Delivery': '[<id>]',
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`,
};

/** Webhooks as fast as they are answered, each with another id, by autocannon in its own process. */
async function load(server, seconds) {
  const before = await server.handled();
  const options = {
    url: server.url,
    method: 'POST',
    headers: HEADERS,
    body: BODY,
    // Puts another id in the place of each `[<id>]`.
    idReplacement: true,
    connections: Number(flags.connections),
    duration: seconds,
  };
  const script = new URL('./setup/load.mjs', import.meta.url).pathname;
  const autocannon = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(autocannon.stdout), once(autocannon, 'exit')]);
  const result = JSON.parse(output);
  const handled = (await server.handled()) - before;
  // What was answered in the last moment may not have been counted by autocannon any more.
  if (result.non2xx > 0 || result.errors > 0 || handled < result['2xx'])
    throw new Error(
      `${result.non2xx} refusals, ${result.errors} errors, ${handled} handled of ${result['2xx']}: nothing was measured.`,
    );
  return { requests: result['2xx'], seconds: result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

/** One round, with the processor time that a webhook takes from the server and from PostgreSQL. */
async function round(server, postgres) {
  const before = [cpuMsOf(server.pid), cpuMsOf(postgres.pid)];
  const { requests, seconds, p50, p99 } = await load(server, SECONDS);
  const [serverUs, postgresUs] = [server.pid, postgres.pid].map(
    (pid, at) => ((cpuMsOf(pid) - before[at]) * 1_000) / requests,
  );
  return { rate: requests / seconds, p50, p99, serverUs, postgresUs };
}

function print(results) {
  const of = (name, field) => median(results.get(name).map((one) => one[field]));
  const ratio = (name, to) => (results.has(to) ? (of(name, 'rate') / of(to, 'rate')).toFixed(2) : '');
  table([
    ['', 'webhooks/s', 'of Express', 'of the tutorial', 'p50 ms', 'p99 ms', 'server µs', 'PostgreSQL µs'],
    ...[...results.keys()].map((name) => [
      TITLES[name],
      Math.round(of(name, 'rate')),
      ratio(name, 'express'),
      name === 'express' || name === 'adapted' ? '' : ratio(name, 'redis'),
      of(name, 'p50'),
      of(name, 'p99'),
      Math.round(of(name, 'serverUs')),
      name === 'posthorn' ? Math.round(of(name, 'postgresUs')) : '',
    ]),
  ]);
}

/** Runs `work` with the servers that are asked for, each with what it needs. */
async function withServers(postgres, work) {
  const asked = flags.only.split(',');
  const missing = asked.includes('redis') ? redisMissing() : undefined;
  if (missing) console.log(`The tutorial is skipped: ${missing}.`);
  const servers = new Map();
  const { url: databaseUrl } = await postgres.createDatabase('receiving');
  const start = async ([kind, ...others], options) => {
    if (kind === undefined) return work(servers);
    const node = flags['cpu-prof'] && kind === 'posthorn' ? ['--cpu-prof'] : [];
    return withServer(kind, options, node, (server) => {
      servers.set(kind, server);
      return start(others, options);
    });
  };
  const kinds = Object.keys(TITLES).filter((kind) => asked.includes(kind) && !(kind === 'redis' && missing));
  if (!kinds.includes('redis')) return start(kinds, { secret: SECRET, databaseUrl });
  return withRedis((redisPort) => start(kinds, { secret: SECRET, databaseUrl, redisPort }));
}

console.log(`${machine()}.`);
await withPostgres((postgres) =>
  withServers(postgres, async (servers) => {
    // The first seconds of a process measure its compiler.
    for (const server of servers.values()) await load(server, 2);
    const results = new Map([...servers.keys()].map((kind) => [kind, []]));
    for (let n = 0; n < ROUNDS; n += 1)
      for (const [kind, server] of servers) results.get(kind).push(await round(server, postgres));
    print(results);
    console.log(`PostgreSQL: ${await postgres.settings()}`);
  }),
);
