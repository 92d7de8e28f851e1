// The server as a process: environment in, signals handled, sentences out.
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readEnvironment, serverEnvironment } from './platform/config/index.js';
import type { RunningServer } from './server.js';

// V8 lets the heap double before it collects what has grown old, and under load nearly all of that is garbage; and it keeps three
// times 16 MB for what is young. Bounded so, a worker before a backlog takes 190 MB instead of 290, at nearly the same rate; at
// 10 % instead of 30 it took half as much processor again. Only here: a host decides about its own process.
setFlagsFromString('--heap-growing-percent=30');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** In one piece: whoever reads where it listens has read the key too, and no line of the log falls in between. */
function announce({ url, newAdminKey }: RunningServer): void {
  const lines = [
    '',
    `Posthorn listens at ${url}`,
    `  Dashboard    ${url}/dashboard`,
    `  Swagger UI   ${url}/docs`,
    `  API          ${url}/api   (Authorization: Bearer <key>)`,
    `  Receiving    ${url}/webhooks/<source>`,
    ...(newAdminKey ? [`  Admin key    ${newAdminKey}   (shown only now; kept in the data directory)`] : []),
    '  Ctrl-C drains and stops.',
    '',
  ];
  say(lines.join('\n'));
}

/**
 * Collects what starting left behind. By its first full collection V8 judges how far the heap may grow before the next;
 * without this one, the first seconds under load took 70 MB more.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

/** Resolves at the first signal, with what to say: npm and the terminal both pass on a Ctrl-C. */
const askedToStop = (): Promise<string> =>
  new Promise((resolve) => {
    process.on('SIGINT', () => resolve('Interrupted'));
    process.on('SIGTERM', () => resolve('Asked to stop'));
  });

/** Stops once, however often it is asked. */
function stopWhen(server: RunningServer, asked: Promise<string>): void {
  let stopping = false;
  const stop = (why: string, exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    say(`${why}: draining, then stopping.`);
    server.stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  void asked.then((why) => stop(why, 0));
  void server.databaseLost.then((error) => stop(error.message, 1));
}

try {
  const env = serverEnvironment();
  // What is wrong with them is said at once, before all the rest is loaded.
  readEnvironment(env);
  const { startServer } = await import('./server.js');
  // A signal ends a start that still waits for its database. Once something is taken or sent, it is a stop in order.
  let asked = new Promise<string>(() => undefined);
  const server = await startServer(env, () => {
    asked = askedToStop();
  });
  collectGarbage();
  stopWhen(server, asked);
  announce(server);
} catch (error) {
  // Errors of ours are sentences for people; of anything else, the stack is what helps.
  const isOurs = typeof (error as { code?: unknown }).code === 'string' && error instanceof Error;
  console.error(isOurs ? `Posthorn cannot start. ${error.message}` : error);
  process.exit(1);
}
