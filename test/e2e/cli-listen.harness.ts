// The two ends of `posthorn listen`: the application on the user's machine, and the way to the server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { eventually } from '../setup/eventually.js';

/** What runs on the user's machine. */
export class Local {
  readonly got: { body: Buffer; headers: IncomingHttpHeaders }[] = [];
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.got.push({ body: Buffer.concat(chunks), headers: request.headers });
      response.writeHead(202).end('taken');
    });
  });

  async start(port = 0): Promise<void> {
    await once(this.server.listen(port, '127.0.0.1'), 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks/x`;
  }

  async gets(count: number): Promise<void> {
    await eventually(() => this.got.length >= count, `${count} webhooks arrive`);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** The way to the server, which may be cut and lead elsewhere. */
export class Way {
  target: string | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server: TcpServer = createTcpServer((socket) => this.pass(socket));

  async open(target: string): Promise<string> {
    this.target = target;
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.target = undefined;
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private pass(socket: Socket): void {
    if (this.target === undefined) return void socket.destroy();
    const onward = connect(Number(new URL(this.target).port), '127.0.0.1');
    for (const each of [socket, onward]) {
      this.sockets.add(each);
      each.on('error', () => undefined).on('close', () => [socket, onward].forEach((one) => one.destroy()));
    }
    socket.pipe(onward).pipe(socket);
  }
}
