import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildConnector } from 'undici';
import { eventually } from '../../testing/eventually.js';
import { CertifiedConnections } from './certified-connections.js';
import type { EndpointTls } from './transport.js';

it('of all webhooks together keep so many free ones, and those of the one longest unused go first', async () => {
  const open: number[] = [];
  const receiver = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  receiver.keepAliveTimeout = 60_000;
  await once(receiver, 'listening');
  const origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  receiver.on('connection', (socket) => {
    const port = socket.remotePort!;
    open.push(port);
    socket.on('close', () => open.splice(open.indexOf(port), 1));
  });
  const connections = new CertifiedConnections(() => buildConnector({}), 3);
  const exchange = (tls: EndpointTls): Promise<void> =>
    new Promise((resolve, reject) =>
      connections.of(tls).dispatch(origin, { path: '/', method: 'GET' }, 60_000, (line) => ({
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd: () => {
          line.release();
          resolve();
        },
        onResponseError: (_, error) => reject(error),
      })),
    );
  const [first, second]: EndpointTls[] = [{}, {}];
  await Promise.all([exchange(first!), exchange(first!)]);
  const ofFirst = [...open];
  await Promise.all([exchange(second!), exchange(second!)]);
  expect(open).toHaveLength(4);
  connections.of(second!);
  await eventually(() => open.length === 3, 'one is closed');
  expect(open.filter((port) => ofFirst.includes(port))).toHaveLength(1);
  await connections.destroy();
  receiver.close();
});
