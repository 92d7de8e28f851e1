// The API in a process of its own: the composition of the server in the role api, and beside it two controllers whose
// handlers do nothing, behind the same Express. `/empty` has its JSON body read and parsed by the same guard as the API,
// as an empty handler of any Nest application has by its body parser; `/unread` leaves the body on the socket. Neither asks
// who the caller is.
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ADMIN_KEY = randomBytes(24).toString('base64url');

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(JSON.parse(process.argv[2]));

/** Runs `work` with the API on a database. `node` are flags of Node for its process. */
export async function withApi({ url: databaseUrl }, { node = [] }, work) {
  const options = {
    databaseUrl,
    role: 'api',
    encryptionKey: randomBytes(32).toString('base64'),
    adminApiKey: ADMIN_KEY,
    allowHttp: true,
    allowNetworks: ['127.0.0.0/8'],
  };
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], { execArgv: node });
  const ended = once(child, 'exit');
  try {
    const [{ url }] = await once(child, 'message');
    return await work({ url, pid: child.pid, headers: { Authorization: `Bearer ${ADMIN_KEY}` } });
  } finally {
    if (child.connected) child.disconnect();
    await ended;
  }
}

async function serve(options) {
  const { NestFactory } = await import('@nestjs/core');
  const { configureHttp, ServerAdapter } = await import('../../dist/platform/http/index.js');
  const { SETTINGS_TOKEN } = await import('../../dist/platform/config/index.js');
  const app = await NestFactory.create(await apiWithEmptyHandlers(options), new ServerAdapter(), {
    bodyParser: false,
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  configureHttp(app, app.get(SETTINGS_TOKEN, { strict: false }));
  await app.listen(0, '127.0.0.1');
  process.send({ url: `http://127.0.0.1:${app.getHttpServer().address().port}` });
  process.once('disconnect', async () => {
    await app.close();
    process.exit();
  });
}

async function apiWithEmptyHandlers(options) {
  const { AppModule } = await import('../../dist/app.module.js');
  const { BodyRoom } = await import('../../dist/platform/http/index.js');
  const { JsonBodyGuard } = await import('../../dist/platform/http/json-body.guard.js');
  class BenchModule {}
  return {
    module: BenchModule,
    imports: [AppModule.register(options)],
    controllers: [
      await emptyController('empty', [new JsonBodyGuard({ maxEventSize: 262_144 }, new BodyRoom())]),
      await emptyController('unread', []),
    ],
  };
}

/** Decorators, called as what they are: functions. */
async function emptyController(path, guards) {
  const { Controller, HttpCode, Post, UseGuards } = await import('@nestjs/common');
  class EmptyController {
    handle() {
      return {};
    }
  }
  const handler = [
    EmptyController.prototype,
    'handle',
    Reflect.getOwnPropertyDescriptor(EmptyController.prototype, 'handle'),
  ];
  Controller(path)(EmptyController);
  UseGuards(...guards)(EmptyController);
  Post()(...handler);
  HttpCode(202)(...handler);
  return EmptyController;
}
