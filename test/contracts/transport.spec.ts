// The published contract of transports: ours passes it, and each way to be wrong fails a case of its own.
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { HttpTransport, Transport } from '../../src/index.js';
import type { TransportRequest, TransportResult } from '../../src/index.js';
import { CheckedTransport } from '../../src/delivery/transport/checked-transport.js';
import { EgressPolicy } from '../../src/kernel/egress-policy.js';
import { readSettings } from '../../src/platform/config/index.js';
import { transportContract } from '../../src/testing/index.js';

const open: HttpTransport[] = [];
const ours = (): HttpTransport => {
  const transport = new HttpTransport(
    new EgressPolicy({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    readSettings({ allowHttp: true }),
  );
  open.push(transport);
  return transport;
};
afterAll(() => Promise.all(open.map((transport) => transport.onApplicationShutdown())));

type Post = (request: TransportRequest) => Promise<TransportResult>;

const posting = (post: Post): Transport =>
  new (class extends Transport {
    override post(request: TransportRequest): Promise<TransportResult> {
      return post(request);
    }
  })();

/** By Node's own fetch, as one writes it. */
const byFetch: Post = async ({ url, headers, body, timeoutMs }) => {
  const pairs = Array.from({ length: headers.length / 2 }, (_, at) => [headers[2 * at], headers[2 * at + 1]]);
  const since = Date.now();
  const took = () => Date.now() - since;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: pairs as [string, string][],
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { status } = response;
    const kind = (['success', 'redirect', 'client_error', 'server_error'] as const)[Math.floor(status / 100) - 2];
    return { outcome: kind ?? 'protocol_error', httpStatus: status, durationMs: took(), sent: true };
  } catch (error) {
    const outcome = (error as Error).name === 'TimeoutError' ? 'timeout' : 'connection_error';
    return { outcome, durationMs: took(), sent: true };
  }
};

describe('the transport of Posthorn', () => {
  for (const { name, run } of transportContract(() => ({ transport: ours() }))) it(name, run);
});

describe('a transport of somebody else, by fetch,', () => {
  for (const { name, run } of transportContract(() => ({ transport: posting(byFetch) }))) it(name, run);

  it.each<[string, Post, string]>([
    ['drops headers', (request) => byFetch({ ...request, headers: [] }), 'carries the bytes'],
    [
      'reads the body as Latin-1',
      (request) => byFetch({ ...request, body: Buffer.from(request.body.toString('latin1')) }),
      'carries the bytes',
    ],
    ['tries again', async (request) => (await byFetch(request), byFetch(request)), 'tells success'],
    [
      'takes every answer for success',
      async (request) => ({ ...(await byFetch(request)), outcome: 'success' }),
      'tells success',
    ],
    ['waits for ever', (request) => byFetch({ ...request, timeoutMs: 8_000 }), 'is back by the deadline'],
    [
      'rejects',
      async (request) => {
        const result = await byFetch(request);
        if (result.httpStatus === undefined) throw new Error('no answer');
        return result;
      },
      'tells where nobody is there',
    ],
  ])(
    'that %s fails a case',
    async (_, post, part) => {
      const wrong = transportContract(() => ({ transport: posting(post) })).find(({ name }) => name.includes(part));
      await expect(wrong?.run()).rejects.toThrow();
    },
    30_000,
  );
});

describe('what a transport of somebody else answers', () => {
  const said: string[] = [];
  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void said.push(String(line)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    said.length = 0;
  });

  const request: TransportRequest = {
    tenantId: 'default',
    webhookId: 'w',
    deliveryId: 'd',
    url: 'https://shop.example/hooks',
    headers: [],
    body: Buffer.from('{}'),
    timeoutMs: 200,
  };
  const answers = (answer: () => unknown): Promise<TransportResult> =>
    new CheckedTransport(posting(() => answer() as Promise<TransportResult>)).post(request);

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['an outcome that there is not', () => ({ outcome: 'fine' })],
    ['a status that there is not', () => ({ outcome: 'success', httpStatus: 1_000 })],
    ['a text', () => 'ok'],
    ['a rejection', () => Promise.reject(new Error('the mesh is down'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what others write does so all the same
    ['a rejection without a reason', () => Promise.reject(undefined)],
    [
      'an exception',
      () => {
        throw new Error('the mesh is down');
      },
    ],
  ])('is a failed attempt where it is %s', async (_, answer) =>
    expect(await answers(answer)).toMatchObject({ outcome: 'connection_error', error: 'TRANSPORT_FAILED', sent: true }),
  );

  it('is told of once, however often it fails', async () => {
    const transport = new CheckedTransport(posting(() => Promise.reject(new Error('the mesh is down'))));
    for (let attempt = 0; attempt < 20; attempt += 1) await transport.post(request);
    expect(said).toEqual(['The transport failed for delivery d: the mesh is down']);
  });

  it('is a timeout where there is none by the deadline', async () =>
    expect(await answers(() => new Promise(() => undefined))).toMatchObject({ outcome: 'timeout', sent: true }));

  it('is kept within bounds, and leaves out what is not known', async () => {
    const body = Buffer.alloc(10_000, 'x');
    const given = { outcome: 'success', durationMs: -1, httpStatus: 200, error: 'e'.repeat(1_000), body, more: 1 };
    const result = await answers(() => given);
    expect(result.body).toHaveLength(4_096);
    expect(result.error).toHaveLength(200);
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(result).not.toHaveProperty('more');
  });

  it.each([-1, NaN, Infinity, 201, 2 ** 31, '9'])('took as long as we waited where it says %p', async (durationMs) => {
    const result = await answers(() => ({ outcome: 'success', durationMs, sent: true }));
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    expect(result.durationMs).not.toBe(durationMs);
  });

  it('tells where the time went, unless that cannot be', async () => {
    const timed = async (timing: unknown): Promise<unknown> =>
      (await answers(() => ({ outcome: 'success', httpStatus: 200, durationMs: 40, sent: true, timing }))).timing;
    expect(await timed({ connectMs: 9.6, firstByteMs: 30, bodyMs: undefined })).toEqual({
      connectMs: 9,
      firstByteMs: 30,
    });
    for (const impossible of [
      null,
      { connectMs: 30, bodyMs: 11 },
      { connectMs: -1 },
      { bodyMs: 'long' },
      { bodyMs: NaN },
    ])
      expect(await timed(impossible)).toBeUndefined();
  });
});
