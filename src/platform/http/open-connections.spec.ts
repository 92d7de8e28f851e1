import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { OpenConnections } from './open-connections.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: here\r\n\r\n';

/** Longer than any test may take: a connection that ends did so because the server stops. */
const KEPT_MS = 600_000;

const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** A server that keeps connections, and whose answers end when the test says so. */
async function scene(graceMs?: number) {
  const answers: ServerResponse[] = [];
  const server = createServer((_request, response) => answers.push(response));
  server.keepAliveTimeout = KEPT_MS;
  const connections = new OpenConnections(server, graceMs);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    clients.push(socket);
    const seen = once(server, 'connection');
    await Promise.all([once(socket, 'connect'), seen]);
    return socket.setEncoding('utf8').on('error', () => undefined);
  };
  const ask = async (socket: Socket): Promise<ServerResponse> => {
    const asked = once(server, 'request');
    socket.write(REQUEST);
    await asked;
    return answers.at(-1) as ServerResponse;
  };
  const stop = (): Promise<void> => connections.endUntil(new Promise((resolve) => server.close(resolve)));
  return { connections, client, ask, stop };
}

describe('the connections of a server that stops', () => {
  it('end, where nothing was ever asked on them', async () => {
    const { client, stop } = await scene();
    const ended = once(await client(), 'close');
    await stop();
    await ended;
  });

  it('end once what was asked is answered, though they would be kept', async () => {
    const { client, ask, stop } = await scene();
    const socket = await client();
    const answer = await ask(socket);
    const stopped = stop();
    const told = once(socket, 'data');
    answer.end('the answer');
    expect(String(await told)).toContain('the answer');
    await stopped;
  });

  it('are said to end in each answer to what is asked from then on', async () => {
    const { connections, client, ask, stop } = await scene();
    const socket = await client();
    connections.dismiss();
    const told = once(socket, 'data');
    (await ask(socket)).end();
    expect(String(await told)).toContain('Connection: close');
    await once(socket, 'close');
    await stop();
  });

  it('are cut off where an answer does not come', async () => {
    const { client, ask, stop } = await scene(1);
    const socket = await client();
    await ask(socket);
    const ended = once(socket, 'close');
    await stop();
    await ended;
  });
});
