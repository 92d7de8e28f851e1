// A receiver of webhooks for tests: keeps what came, answers what it is told, on a free port of this machine.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

/** One request as it came. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** How to answer a request: a status, or anything that `ServerResponse` can do. */
export type Answer = number | ((request: Received, response: ServerResponse) => void);

export class TestReceiver {
  /** Everything that came, in order of arrival. */
  readonly received: Received[] = [];
  private script: Answer[] = [];
  private taken = 0;

  private constructor(
    private readonly server: Server,
    private fallback: Answer,
  ) {}

  /** Listens, and answers every request with `fallback`, unless a script says otherwise. */
  static async start(fallback: Answer = 200): Promise<TestReceiver> {
    const server = createServer();
    const receiver = new TestReceiver(server, fallback);
    server.on('request', (request, response) => receiver.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** The address to register. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** Answers the next requests with these, one each; then as before. */
  answers(...script: Answer[]): this {
    this.script.push(...script);
    return this;
  }

  /** From now on answers everything with this. */
  always(answer: Answer): this {
    this.fallback = answer;
    return this;
  }

  /** The next request that nobody asked for yet. */
  async next({ within = 30_000 }: { within?: number } = {}): Promise<Received> {
    const index = this.taken++;
    return eventually(() => this.received[index], `request ${index + 1} arrives at the receiver`, { within });
  }

  /** Cuts all connections and stops listening. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received: Received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks),
      };
      this.received.push(received);
      const answer = this.script.shift() ?? this.fallback;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else answer(received, response);
    });
  }
}
