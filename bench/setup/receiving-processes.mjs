// Ways to take a signed webhook, each in a process of its own: Posthorn with one handler; Express that verifies and answers,
// as it comes and on Posthorn's HTTP server; and what tutorials add to that, an id in Redis before the handler runs.
import 'reflect-metadata';
import { fork, spawn, spawnSync } from 'node:child_process';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const SECRET = randomBytes(24).toString('base64url');
/** As long as Posthorn remembers an event. */
const WINDOW_SECONDS = 86_400;

/** What every handler does: reads the event, as a handler would, and counts. */
let handled = 0;
const handle = ({ action }) => {
  if (action === 'opened') handled += 1;
};

const SERVERS = { posthorn, express: bareExpress, adapted: adaptedExpress, redis: withIdsInRedis };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { kind, options } = JSON.parse(process.argv[2]);
  const { port, close } = await SERVERS[kind](options);
  process.on('message', () => process.send({ handled }));
  process.send({ url: `http://127.0.0.1:${port}/webhooks/bench` });
  process.once('disconnect', async () => {
    await close();
    process.exit();
  });
}

/** Runs `work` with a server of a kind; `node` are flags of Node for its process. */
export async function withServer(kind, options, node, work) {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify({ kind, options })], { execArgv: node });
  const ended = once(child, 'exit');
  try {
    const [{ url }] = await Promise.race([once(child, 'message'), ended.then(() => gaveUp(kind))]);
    const handledSoFar = async () => {
      const answer = once(child, 'message');
      child.send('handled?');
      return (await answer)[0].handled;
    };
    return await work({ url, pid: child.pid, handled: handledSoFar });
  } finally {
    if (child.connected) child.disconnect();
    await ended;
  }
}

/** A server that cannot start says why on its own; waiting for it would never end. */
function gaveUp(kind) {
  throw new Error(`The server ${kind} ended before it listened: nothing was measured.`);
}

async function posthorn({ databaseUrl, secret }) {
  const { Injectable } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('../../dist/app.module.js');
  const { OnWebhook } = await import('../../dist/index.js');
  const { configureHttp, ServerAdapter } = await import('../../dist/platform/http/index.js');
  const { SETTINGS_TOKEN } = await import('../../dist/platform/config/index.js');
  // Decorators, called as what they are: functions.
  class Handlers {
    onOpened({ data }) {
      handle(data);
    }
  }
  const { prototype } = Handlers;
  Injectable()(Handlers);
  OnWebhook('bench', 'pull_request.*')(prototype, 'onOpened', Object.getOwnPropertyDescriptor(prototype, 'onOpened'));
  class BenchModule {}
  const server = AppModule.register({
    databaseUrl,
    encryptionKey: randomBytes(32).toString('base64'),
    sources: [{ name: 'bench', provider: 'github', secrets: [secret] }],
  });
  const app = await NestFactory.create(
    { module: BenchModule, imports: [server], providers: [Handlers] },
    new ServerAdapter(),
    { bodyParser: false, logger: ['warn', 'error'], abortOnError: false },
  );
  configureHttp(app, app.get(SETTINGS_TOKEN, { strict: false }));
  await app.listen(0, '127.0.0.1');
  return { port: app.getHttpServer().address().port, close: () => app.close() };
}

/** Express and the two lines that every provider's page shows; `adapted`, on the HTTP server that Posthorn's own runs it on. */
async function expressThat(secret, next, { adapted = false } = {}) {
  const { default: express } = await import('express');
  const { app, server } = adapted ? await adaptedServer() : plainServer(express());
  app.post('/webhooks/bench', express.raw({ type: 'application/json', limit: '1mb' }), async (request, response) => {
    const given = Buffer.from(request.get('x-hub-signature-256') ?? '');
    const own = Buffer.from(`sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return void response.sendStatus(401);
    await next(request);
    response.json({ status: 'processed' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, close };
}

function plainServer(app) {
  return { app, server: createHttpServer(app) };
}

async function adaptedServer() {
  const { ServerAdapter } = await import('../../dist/platform/http/index.js');
  const adapter = new ServerAdapter();
  adapter.initHttpServer();
  return { app: adapter.getInstance(), server: adapter.getHttpServer() };
}

function bareExpress({ secret }) {
  return expressThat(secret, () => handle({ action: 'opened' }));
}

function adaptedExpress({ secret }) {
  return expressThat(secret, () => handle({ action: 'opened' }), { adapted: true });
}

async function withIdsInRedis({ secret, redisPort }) {
  const { Redis } = await import('ioredis');
  const redis = new Redis(redisPort, '127.0.0.1');
  const { port, close } = await expressThat(secret, async (request) => {
    const first = await redis.set(`webhook:${request.get('x-github-delivery')}`, '1', 'EX', WINDOW_SECONDS, 'NX');
    if (first) handle(JSON.parse(request.body.toString()));
  });
  return { port, close: () => Promise.all([close(), redis.quit()]) };
}

/** Why there is no Redis to measure; `undefined` where there is. */
export const redisMissing = () =>
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not installed (Debian: apt-get install redis-server)';

/** Runs `work` with a Redis that keeps nothing on disk, as tutorials start it. */
export async function withRedis(work) {
  const port = await freePort();
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', flags, { cwd: '/', stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    await delay(300);
    return await work(port);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
