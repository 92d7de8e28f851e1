// Proxies for tests, small and real: one speaks HTTP CONNECT, over TLS too, one SOCKS5. Each notes where it was asked to go.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { KeyPair } from './certificates.js';

/** What a proxy asks for before it does anything. */
export interface ProxyLogin {
  readonly user: string;
  readonly password: string;
}

export interface TestProxy {
  /** `host:port`, as the proxy was asked. */
  readonly asked: string[];
  readonly port: number;
  close(): void;
}

async function listening(server: Server, asked: string[]): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { asked, port: (server.address() as AddressInfo).port, close };
}

/** Joins both, and ends both when one ends. */
function join(one: Socket, other: Socket): void {
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const)
    socket.on('error', () => undefined).on('close', () => peer.destroy());
  one.pipe(other).pipe(one);
}

export function startConnectProxy(login?: ProxyLogin, tls?: KeyPair): Promise<TestProxy> {
  const asked: string[] = [];
  const server = tls
    ? createHttpsServer({ cert: tls.certificate, key: tls.privateKey })
    : createHttpServer((_, response) => response.writeHead(405).end());
  const expected = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  server.on('connect', (request, socket: Socket) => {
    if (request.headers['proxy-authorization'] !== expected)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    asked.push(request.url ?? '');
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect(Number(port || 80), hostname);
    onward.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n');
      join(socket, onward);
    });
  });
  return listening(server, asked);
}

export function startSocksProxy(login?: ProxyLogin): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    void serve(socket, asked, login).catch(() => socket.destroy());
  });
  return listening(server, asked);
}

async function serve(socket: Socket, asked: string[], login: ProxyLogin | undefined): Promise<void> {
  const take = async (length: number): Promise<Buffer> => {
    for (;;) {
      const bytes = socket.read(length) as Buffer | null;
      if (bytes) return bytes;
      await once(socket, 'readable');
    }
  };
  const [, methods = 0] = await take(2);
  const method = login ? 2 : 0;
  const offered = (await take(methods)).includes(method);
  socket.write(Buffer.from([5, offered ? method : 0xff]));
  if (login && offered) {
    const [, length = 0] = await take(2);
    const user = (await take(length)).toString();
    const password = (await take((await take(1))[0] ?? 0)).toString();
    const right = user === login.user && password === login.password;
    socket.write(Buffer.from([1, right ? 0 : 1]));
    if (!right) return void socket.end();
  }
  const [, , , kind] = await take(4);
  // Only addresses: whoever sends a name has left the choice to us.
  if (kind !== 1) return void socket.end(Buffer.from([5, 8, 0, 1, 0, 0, 0, 0, 0, 0]));
  const address = [...(await take(4))].join('.');
  const port = (await take(2)).readUInt16BE();
  asked.push(`${address}:${port}`);
  const onward = connect(port, address);
  onward.once('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
  onward.once('connect', () => {
    socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    join(socket, onward);
  });
}
