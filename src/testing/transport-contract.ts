// What every transport must do, ours or a team's own, tried against a receiver of this process. The cases assert by
// themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Transport, TransportRequest, TransportResult } from '../delivery/index.js';
import type { ContractCase } from './contract/bench.js';

/** Short, and long enough for a machine that does something else just now. */
const DEADLINE_MS = 5_000;
const SHORT_DEADLINE_MS = 300;

/** A transport that is tried, and how it reaches a receiver of this machine. */
export interface TransportSubject {
  readonly transport: Transport;
  /** The URL to be given to it, so that it ends up at `http://127.0.0.1:<port>/…`. @defaultValue that address itself */
  readonly urlOf?: (address: string) => string;
}

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * The cases that a transport must pass: it carries every byte and header, tells what it came to, is back by the deadline,
 * and neither follows nor repeats anything.
 *
 * @param make - Makes one, for each case anew; it may go on to reach `127.0.0.1`.
 * @example
 * for (const { name, run } of transportContract(() => ({ transport: new MeshTransport() }))) it(name, run);
 */
export function transportContract(make: () => TransportSubject | Promise<TransportSubject>): ContractCase[] {
  const posted = async (
    answer: (response: ServerResponse) => void,
    { body = Buffer.from('{}'), timeoutMs = DEADLINE_MS }: Partial<TransportRequest> = {},
  ): Promise<{ result: TransportResult; received: Received[] }> => {
    const receiver = await Receiver.start(answer);
    try {
      const { transport, urlOf = (address: string) => address } = await make();
      const result = await transport.post({
        tenantId: 'default',
        webhookId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e',
        deliveryId: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c50',
        url: urlOf(`${receiver.origin}/hook?a=1`),
        headers: [
          'Content-Type',
          'application/json',
          'X-Webhook-Event',
          'order.completed',
          'webhook-signature',
          'v1,a b',
        ],
        body,
        timeoutMs,
      });
      return { result, received: receiver.received };
    } finally {
      receiver.close();
    }
  };
  const outcomeOf = async (status: number): Promise<unknown[]> => {
    const { result, received } = await posted((response) => response.writeHead(status, { location: '/hook' }).end());
    return [result.outcome, result.httpStatus, result.sent, received.length];
  };
  return [
    {
      name: 'carries the bytes and the headers as they are, and brings back what was answered',
      run: async () => {
        const body = Buffer.from(`{"text":"żółw 🐢 \\u0000","long":"${'x'.repeat(100_000)}"}`);
        const { result, received } = await posted(
          (response) => response.writeHead(200, { 'X-Answer': 'yes' }).end('thanks'),
          { body },
        );
        assert.equal(received.length, 1);
        assert.deepEqual(received[0]?.body, body);
        const { headers = {} } = received[0] ?? {};
        assert.equal(headers['content-type'], 'application/json');
        assert.equal(headers['x-webhook-event'], 'order.completed');
        assert.equal(headers['webhook-signature'], 'v1,a b');
        assert.deepEqual([result.outcome, result.httpStatus, result.sent], ['success', 200, true]);
        assert.ok(result.durationMs >= 0, 'it says how long it took');
        if (result.body !== undefined) assert.equal(result.body.toString(), 'thanks');
      },
    },
    {
      name: 'tells success, refusal and failure apart, and neither follows redirects nor tries again',
      run: async () => {
        assert.deepEqual(await outcomeOf(204), ['success', 204, true, 1]);
        assert.deepEqual(await outcomeOf(302), ['redirect', 302, true, 1]);
        assert.deepEqual(await outcomeOf(404), ['client_error', 404, true, 1]);
        assert.deepEqual(await outcomeOf(503), ['server_error', 503, true, 1]);
      },
    },
    {
      name: 'is back by the deadline where nothing is answered',
      run: async () => {
        const late = delay(DEADLINE_MS, undefined, { ref: false });
        const answer = await Promise.race([posted(() => undefined, { timeoutMs: SHORT_DEADLINE_MS }), late]);
        assert.ok(answer, `it is not back ${DEADLINE_MS} ms later`);
        assert.deepEqual([answer.result.outcome, answer.result.httpStatus], ['timeout', undefined]);
      },
    },
    {
      name: 'tells where nobody is there, without rejecting',
      run: async () => {
        const receiver = await Receiver.start(() => undefined);
        receiver.close();
        const { transport, urlOf = (address: string) => address } = await make();
        const request = { tenantId: 'default', webhookId: 'w', deliveryId: 'd', headers: [], body: Buffer.from('{}') };
        const result = await transport.post({ ...request, url: urlOf(receiver.origin), timeoutMs: DEADLINE_MS });
        assert.equal(result.outcome, 'connection_error');
      },
    },
  ];
}

/** Keeps what comes, and answers as it is told. */
class Receiver {
  readonly received: Received[] = [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      this.answer(response);
    });
  });
  origin = '';

  private constructor(private readonly answer: (response: ServerResponse) => void) {}

  static async start(answer: (response: ServerResponse) => void): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.origin = `http://127.0.0.1:${(receiver.server.address() as AddressInfo).port}`;
    return receiver;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
