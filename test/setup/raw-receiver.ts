// A receiver that speaks whatever it is told to, HTTP or not: for the answers that no HTTP library would give.
import { afterEach } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What to do with a request that came in whole. `number` counts the requests from 1, over all connections. */
export type RawAnswer = (socket: Socket, number: number) => void;

/** How to behave before any request. */
export interface RawBehaviour {
  /** Called for each new connection; may cut it. */
  readonly onConnection?: (socket: Socket) => void;
  /** Called at the first byte of a request, when the rest of it may still be under way. */
  readonly onFirstByte?: (socket: Socket) => void;
}

export class RawReceiver {
  /** Requests that came in whole, head and body, as bytes. */
  readonly requests: Buffer[] = [];
  connections = 0;
  private readonly all = new Set<Socket>();
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly answer: RawAnswer,
    private readonly behaviour: RawBehaviour,
  ) {
    server.on('connection', (socket) => this.take(socket));
  }

  static async start(answer: RawAnswer, behaviour: RawBehaviour = {}): Promise<RawReceiver> {
    const server = createServer();
    const receiver = new RawReceiver(server, answer, behaviour);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /**
   * Connections that are open right now and have carried at least a byte. An HTTP client may open one ahead that never
   * carries anything.
   */
  get openConnections(): number {
    return this.open.size;
  }

  async close(): Promise<void> {
    for (const socket of this.all) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(socket: Socket): void {
    this.connections += 1;
    this.all.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        this.all.delete(socket);
        this.open.delete(socket);
      });
    this.behaviour.onConnection?.(socket);
    let buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      this.open.add(socket);
      if (buffer.length === 0) this.behaviour.onFirstByte?.(socket);
      buffer = Buffer.concat([buffer, chunk]);
      for (let length = lengthOfRequest(buffer); length > 0; length = lengthOfRequest(buffer)) {
        this.requests.push(buffer.subarray(0, length));
        buffer = buffer.subarray(length);
        this.answer(socket, this.requests.length);
      }
    });
  }
}

/** Starts receivers that are closed after each test. */
export function rawReceivers(): typeof RawReceiver.start {
  const open: RawReceiver[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((receiver) => receiver.close()));
  });
  return async (answer, behaviour) => {
    const receiver = await RawReceiver.start(answer, behaviour);
    open.push(receiver);
    return receiver;
  };
}

/** 0 while the request has not come in whole. */
function lengthOfRequest(bytes: Buffer): number {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = /^content-length: *(\d+)/im.exec(bytes.toString('latin1', 0, headEnd))?.[1] ?? '0';
  const whole = headEnd + 4 + Number(length);
  return bytes.length < whole ? 0 : whole;
}

/** A plain answer with this body, and the connection kept open. */
export const plainAnswer = (status: string, body = '', headers = ''): string =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
