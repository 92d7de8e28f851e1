// A receiver of webhooks for tests: keeps what came, answers what it is told, on a free port of this machine.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseDuration } from '../kernel/duration.js';
import type { Duration } from '../kernel/duration.js';
import { eventually } from './eventually.js';

/** One request as it came. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** The bytes that are signed. */
  readonly body: Buffer;
}

/** How to answer a request: a status, or anything that `ServerResponse` can do. */
export type Answer = number | ((request: Received, response: ServerResponse) => void);

/** An event as Posthorn sends it: the JSON of a body. */
export interface SentEvent<Data = Record<string, unknown>> {
  readonly id: string;
  readonly event: string;
  readonly timestamp: string;
  readonly data: Data;
}

/**
 * A real HTTP server that receives webhooks.
 *
 * @example
 * const receiver = await TestReceiver.start();
 * receiver.answers(500, 200); // the first attempt fails
 * const { event, data } = await receiver.nextEvent();
 */
export class TestReceiver {
  /** Everything that came, in order of arrival. */
  readonly received: Received[] = [];
  private script: Answer[] = [];
  private taken = 0;
  private secret: string | undefined;

  private constructor(
    private readonly server: Server,
    private fallback: Answer,
  ) {}

  /** Listens, and answers every request with `fallback`, unless a script says otherwise. */
  static async start(fallback: Answer = 200): Promise<TestReceiver> {
    const server = createServer();
    // Longer than a busy machine may pause: a kept connection is not closed just as the next request is sent on it.
    server.keepAliveTimeout = 60_000;
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

  /** From now on `next` refuses what is not signed by this secret, `whsec_…`, in both ways. */
  verifying(secret: string): this {
    if (!secret.startsWith('whsec_')) throw new Error('Only shared secrets, whsec_…, can be verified with.');
    this.secret = secret;
    return this;
  }

  /**
   * The next request that nobody asked for yet.
   *
   * @param within - `'5s'`, or milliseconds. @defaultValue 30 s
   * @throws Error when none comes in time, or when it is not signed by the secret of {@link verifying}.
   */
  async next({ within = 30_000 }: { within?: Duration | number } = {}): Promise<Received> {
    const index = this.taken++;
    const withinMs = typeof within === 'number' ? within : (parseDuration(within) ?? 0);
    const awaited = `request ${index + 1} arrives at the receiver`;
    const request = await eventually(() => this.received[index], awaited, { within: withinMs });
    if (this.secret !== undefined) verify(request, this.secret);
    return request;
  }

  /** {@link next}, read as the event that it carries. */
  async nextEvent<Data = Record<string, unknown>>(how?: { within?: Duration | number }): Promise<SentEvent<Data>> {
    return JSON.parse((await this.next(how)).body.toString()) as SentEvent<Data>;
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

/** By hand, and not by the code that signs: a mistake in one shows in the other. */
function verify({ headers, body }: Received, secret: string): void {
  const plain = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  if (headers['x-webhook-signature'] !== plain)
    throw new Error(`X-Webhook-Signature is ${String(headers['x-webhook-signature'])}, and should be ${plain}.`);
  const standard = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`)
    .update(body)
    .digest('base64');
  const given = String(headers['webhook-signature']);
  if (!given.split(' ').includes(`v1,${standard}`))
    throw new Error(`webhook-signature is ${given}, and v1,${standard} is not among it.`);
}
