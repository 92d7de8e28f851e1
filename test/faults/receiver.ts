// The receiver: a process of its own that no scenario ever kills, so what it has written down did arrive. It appends each
// request to its history before it answers. How it answers is in the path: /<behaviour>/<name of the webhook>.
//   node --import @swc-node/register/esm-register test/faults/receiver.ts <history file> <seed>
import { createHmac } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerBy } from './behaviours.js';
import { Dice } from './dice.js';
import type { Request } from './evidence.js';

/** What a scenario says of a path; all that stands in it is done. */
interface Order {
  readonly path: string;
  readonly secret?: string;
  readonly behaves?: string;
  /** Cuts off what is open there. */
  readonly cut?: boolean;
}

const [, , historyFile = '', seed = ''] = process.argv;
const history = openSync(historyFile, 'a');
/** Signing secrets by path, as the scenario tells them. */
const secrets = new Map<string, string>();
/** Paths that answer as another does, for as long as the scenario says so. */
const behavesAs = new Map<string, string>();
/** Requests by path that have come, and are neither answered nor cut off. */
const open = new Map<string, Set<ServerResponse>>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    // A scenario asks whether all that came before has been read.
    if (request.method === 'GET') return void response.end();
    const came = read(request, Buffer.concat(chunks));
    const path = behavesAs.get(came.path) ?? came.path;
    const answer = answerBy({ ...came, path }, new Dice(`${seed}/${came.delivery}/${came.attempt}`));
    writeSync(history, `${JSON.stringify({ ...came, open: countOpen(came.path, response), answer: answer.name })}\n`);
    answer.give(request.socket, response);
  });
});
server.keepAliveTimeout = 60_000;
server.on('clientError', (_, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', ({ path, secret, behaves, cut }: Order) => {
  if (secret !== undefined) secrets.set(path, secret);
  if (behaves !== undefined) behavesAs.set(path, behaves);
  if (cut) for (const response of open.get(path) ?? []) response.destroy();
});
// The scenario is over, however it ended.
process.on('disconnect', () => process.exit());

/** Counts a request until its answer is handed over, before which nobody can have read it, or its connection is cut. */
function countOpen(path: string, response: ServerResponse): number {
  const others = open.get(path) ?? new Set();
  open.set(path, others.add(response));
  const over = (): void => void others.delete(response);
  response.once('prefinish', over).once('close', over);
  return others.size;
}

function read(request: IncomingMessage, body: Buffer): Omit<Request, 'answer' | 'open'> {
  const header = (name: string): string => String(request.headers[name] ?? '');
  const path = request.url ?? '';
  const { id, data } = JSON.parse(body.toString('utf8')) as { id: string; data: { n: number } };
  const hmac = createHmac('sha256', secrets.get(path) ?? '').update(body);
  return {
    at: Date.now(),
    path,
    delivery: header('x-webhook-delivery'),
    attempt: Number(header('x-webhook-attempt')),
    event: id,
    n: data.n,
    signed: header('x-webhook-signature') === `sha256=${hmac.digest('hex')}`,
    sentAt: Number(header('webhook-timestamp')) * 1_000,
  };
}
