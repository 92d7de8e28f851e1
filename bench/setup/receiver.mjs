// Receivers in a process of their own. The path says how one behaves:
//   /ok answers 200 at once · /slow/50 after 50 ms · /hang never · /big/1048576 with a body of that many bytes
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

if (process.argv[1] === fileURLToPath(import.meta.url)) serve();

/** Runs `work` with a receiver; `seen()` tells the number of requests per path and when each event arrived. */
export async function withReceiver(work) {
  const child = fork(fileURLToPath(import.meta.url));
  const [{ port }] = await once(child, 'message');
  const ask = async (question) => {
    child.send(question);
    return (await once(child, 'message'))[0];
  };
  try {
    return await work({
      url: (path) => `http://127.0.0.1:${port}${path}`,
      /** Requests so far, by path. */
      counts: () => ask('counts'),
      /** Resolves once there were so many requests to a path, which costs PostgreSQL nothing to wait for. */
      reached: async (path, count) => {
        while (((await ask('counts'))[path] ?? 0) < count) await delay(20);
      },
      /** Arrivals since this was last asked: `[event id, milliseconds on the machine's monotonic clock]`. */
      arrivals: () => ask('arrivals'),
    });
  } finally {
    child.kill();
  }
}

/** Milliseconds on the clock that all processes of this machine share. */
export const machineNow = () => Number(process.hrtime.bigint()) / 1e6;

function serve() {
  const counts = {};
  let arrivals = [];
  const bodies = new Map();
  const server = createServer((request, response) => {
    counts[request.url] = (counts[request.url] ?? 0) + 1;
    const [, kind, amount] = request.url.split('/');
    if (kind === 'ok') arrivals.push([request.headers['webhook-id'], machineNow()]);
    request.resume().on('end', () => {
      if (kind === 'hang') return;
      if (kind === 'slow') return void setTimeout(() => response.end(), Number(amount));
      if (kind !== 'big') return void response.end();
      if (!bodies.has(amount)) bodies.set(amount, Buffer.alloc(Number(amount), 'x'));
      response.end(bodies.get(amount));
    });
    // A sender that reads no further than it wants cuts the connection.
    response.on('error', () => undefined);
  });
  server.keepAliveTimeout = 60_000;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => process.send({ port: server.address().port }));
  process.on('message', (question) => {
    process.send(question === 'counts' ? counts : arrivals);
    if (question === 'arrivals') arrivals = [];
  });
  process.on('disconnect', () => process.exit());
}
