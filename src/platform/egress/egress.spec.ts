import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Agent, request } from 'undici';
import { EgressPolicy } from '../../kernel/egress-policy.js';
import {
  createEgressConnector,
  EgressDeniedError,
  type EgressConnectorOptions,
  judgeUrl,
  type ResolveAddresses,
} from './index.js';

const strict = new EgressPolicy({ allowHttp: true, allowNetworks: [] });
const withLoopback = new EgressPolicy({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });

const answering = (...addresses: string[]): ResolveAddresses => {
  return () => Promise.resolve(addresses);
};

/** Answers by turn, the last one for ever: a name whose records change with a TTL of 0. */
const answeringInTurn = (...answers: string[][]): ResolveAddresses => {
  let turn = 0;
  return () => Promise.resolve(answers[Math.min(turn++, answers.length - 1)]!);
};

let connects = 0;
let requests = 0;
const sink = createServer((_, response) => {
  requests++;
  response.end('received');
}).on('connection', () => connects++);
let port: number;

beforeAll(async () => {
  await once(sink.listen(0, '0.0.0.0'), 'listening');
  ({ port } = sink.address() as AddressInfo);
});
afterAll(() => {
  sink.closeAllConnections();
  sink.close();
});
beforeEach(() => {
  connects = 0;
  requests = 0;
});

async function post(policy: EgressPolicy, url: string, options: EgressConnectorOptions = {}) {
  const agent = new Agent({ connect: createEgressConnector(policy, options) });
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, method: 'POST', body: '{}' });
    return { statusCode, text: await body.text() };
  } finally {
    await agent.destroy();
  }
}

const denied = { name: 'EgressDeniedError', code: 'EGRESS_DENIED' };

describe('the egress connector', () => {
  it('connects to an address of a network that is opened, under the name asked for', async () => {
    const resolve = answering('127.0.0.1');
    const answer = await post(withLoopback, `http://hooks.example.com:${port}/`, { resolve });
    expect(answer).toEqual({ statusCode: 200, text: 'received' });
    expect(connects).toBe(1);
  });

  it('connects to a literal address of a network that is opened, without resolving anything', async () => {
    const resolve: ResolveAddresses = () => Promise.reject(new Error('resolved'));
    await expect(post(withLoopback, `http://127.0.0.1:${port}/`, { resolve })).resolves.toMatchObject({
      statusCode: 200,
    });
  });

  it.each([
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.0.0.1.',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
    ],
    ...['[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', 'localhost', 'localhost.', 'a.localhost', 'ⓛⓞⓒalhost'],
  ])('refuses the host %s with no connection made', async (host) => {
    await expect(post(strict, `http://${host}:${port}/`)).rejects.toMatchObject(denied);
    expect(connects).toBe(0);
  });

  it.each([
    [['127.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['2606:4700:4700::1111', '127.0.0.1']],
    [['8.8.8.8', '::1']],
    [['8.8.8.8', 'fe80::1%lo']],
    [['8.8.8.8', 'not an address']],
    [[...Array.from({ length: 100 }, (_, index) => `8.8.8.${index}`), '127.0.0.1']],
    [[...Array.from({ length: 500 }, () => '8.8.8.8'), '127.0.0.1']],
  ])('refuses the whole answer %j with no connection made', async (addresses) => {
    const resolve = answering(...addresses);
    await expect(post(strict, `http://hooks.example.com:${port}/`, { resolve })).rejects.toMatchObject(denied);
    expect(connects).toBe(0);
  });

  it('refuses a mixed answer even where another of its addresses is opened', async () => {
    const resolve = answering('127.0.0.1', '10.0.0.1');
    await expect(post(withLoopback, `http://hooks.example.com:${port}/`, { resolve })).rejects.toMatchObject(denied);
    expect(connects).toBe(0);
  });

  it('refuses plain HTTP where the policy asks for HTTPS', async () => {
    const policy = new EgressPolicy({ allowHttp: false, allowNetworks: ['127.0.0.0/8'] });
    await expect(post(policy, `http://127.0.0.1:${port}/`)).rejects.toMatchObject(denied);
    expect(connects).toBe(0);
  });

  it('is not fooled in 100 tries by a name that turns private after it was judged', async () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const resolve = answeringInTurn(['8.8.8.8'], ['127.0.0.1']);
      const url = `http://rebind.example.com:${port}/`;
      expect(await judgeUrl(strict, url, { resolve })).toMatchObject({ ok: true });
      await expect(post(strict, url, { resolve })).rejects.toMatchObject(denied);
    }
    expect(connects).toBe(0);
  });

  it('is not fooled in 100 tries by a name that changes while it connects: one look-up, and that answer is used', async () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      let lookups = 0;
      // Only 127.0.0.1 is opened: a second look-up would lead to 127.0.0.2, and be refused.
      const policy = new EgressPolicy({ allowHttp: true, allowNetworks: ['127.0.0.1/32'] });
      const resolve: ResolveAddresses = () => Promise.resolve(lookups++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']);
      await expect(post(policy, `http://rebind.example.com:${port}/`, { resolve })).resolves.toMatchObject({
        statusCode: 200,
      });
      expect(lookups).toBe(1);
    }
    expect(connects).toBe(100);
  });

  it('judges the connected peer again, before a request is written', async () => {
    // Linux connects 0.0.0.0 to loopback: the address that was checked is open, the peer that answers is not.
    const policy = new EgressPolicy({ allowHttp: true, allowNetworks: ['0.0.0.0/8'] });
    await expect(post(policy, `http://0.0.0.0:${port}/`)).rejects.toMatchObject(denied);
    expect(requests).toBe(0);
  });

  it('tries the next address where one does not connect', async () => {
    const lone = createServer((_, response) => response.end('received'));
    await once(lone.listen(0, '127.0.0.1'), 'listening');
    const { port: lonePort } = lone.address() as AddressInfo;
    try {
      const resolve = answering('127.0.0.2', '127.0.0.3', '127.0.0.1');
      const answer = await post(withLoopback, `http://hooks.example.com:${lonePort}/`, { resolve });
      expect(answer.statusCode).toBe(200);
    } finally {
      lone.closeAllConnections();
      lone.close();
    }
  });

  it('says that a name without addresses was not found', async () => {
    const resolve = answering();
    await expect(post(strict, 'http://empty.example.com/', { resolve })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it("hands on the resolver's own failure, which is no refusal", async () => {
    const failure = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
    const resolve: ResolveAddresses = () => Promise.reject(failure);
    await expect(post(strict, 'http://servfail.example.com/', { resolve })).rejects.toMatchObject({
      code: 'EAI_AGAIN',
    });
  });

  it('gives up on a resolver that never answers', async () => {
    const resolve: ResolveAddresses = () => new Promise(() => undefined);
    await expect(post(strict, 'http://slow.example.com/', { resolve, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
  });

  it('gives up on it where a proxy is to be told the address, too', async () => {
    const resolve: ResolveAddresses = () => new Promise(() => undefined);
    const connect = createEgressConnector(strict, { resolve, timeoutMs: 50, proxy: new URL('http://127.0.0.1:9') });
    const target = { hostname: 'slow.example.com', protocol: 'http:', port: '80' };
    const error = await new Promise((told) => connect(target, (...[error]) => told(error)));
    expect(error).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('tells nothing of the address it refuses', async () => {
    const resolve = answering('10.11.12.13');
    const error: unknown = await post(strict, 'http://hooks.example.com/', { resolve }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(EgressDeniedError);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/10\.11|private|hooks/);
  });

  it('asks for the name itself in TLS, whatever address it connects to and whatever the Host header says', async () => {
    const names: string[] = [];
    // Without a certificate the handshake fails, after the name was heard.
    const tls = createTlsServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    }).on('tlsClientError', () => undefined);
    await once(tls.listen(0, '127.0.0.1'), 'listening');
    const { port: tlsPort } = tls.address() as AddressInfo;
    const agent = new Agent({ connect: createEgressConnector(withLoopback, { resolve: answering('127.0.0.1') }) });
    try {
      for (const host of ['hooks.example.com', 'hooks.example.com.']) {
        const headers = { host: 'other.example.com' };
        await expect(request(`https://${host}:${tlsPort}/`, { dispatcher: agent, headers })).rejects.toThrow();
      }
      expect(names).toEqual(['hooks.example.com', 'hooks.example.com']);
    } finally {
      await agent.destroy();
      tls.close();
    }
  });

  it('hands over a socket that is connected to the checked address', async () => {
    const connect = createEgressConnector(withLoopback, { resolve: answering('127.0.0.1') });
    const socket = await new Promise<Socket>((settle, fail) => {
      connect({ hostname: 'hooks.example.com', protocol: 'http:', port: String(port) }, (error, connected) =>
        error ? fail(error) : settle(connected),
      );
    });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });
});

describe('the judgement of a URL at registration', () => {
  const refused = { ok: false, error: 'URL not allowed', reason: 'forbidden_address' };

  it.each([[['127.0.0.1']], [['8.8.8.8', '10.0.0.1']], [['2606:4700:4700::1111', '::1']], [['8.8.8.8', 'nonsense']]])(
    'refuses a name that resolves to %j',
    async (addresses) => {
      expect(await judgeUrl(strict, 'https://a.example.com/', { resolve: answering(...addresses) })).toEqual(refused);
    },
  );

  it('accepts a name whose addresses are all public, or opened', async () => {
    const resolve = answering('8.8.8.8', '2606:4700:4700::1111');
    expect(await judgeUrl(strict, 'https://a.example.com/', { resolve })).toMatchObject({ ok: true });
    expect(await judgeUrl(withLoopback, 'https://a.example.com/', { resolve: answering('127.0.0.1') })).toMatchObject({
      ok: true,
    });
  });

  it('resolves nothing for a literal address or a URL that is refused already', async () => {
    let lookups = 0;
    const resolve: ResolveAddresses = () => Promise.resolve([`${lookups++}`]);
    expect(await judgeUrl(strict, 'https://8.8.8.8/', { resolve })).toMatchObject({ ok: true, literal: '8.8.8.8' });
    expect(await judgeUrl(strict, 'https://[::1]/', { resolve })).toMatchObject({
      ok: false,
      error: 'URL not allowed',
    });
    expect(await judgeUrl(strict, 'https://localhost/', { resolve })).toMatchObject({
      ok: false,
      error: 'URL not allowed',
    });
    expect(await judgeUrl(strict, 'nonsense', { resolve })).toMatchObject({ ok: false, error: 'Invalid URL' });
    expect(lookups).toBe(0);
  });

  it('accepts a name that does not resolve, for it is judged again at connect', async () => {
    const resolve: ResolveAddresses = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'));
    expect(await judgeUrl(strict, 'https://a.example.com/', { resolve })).toMatchObject({ ok: true });
    expect(await judgeUrl(strict, 'https://a.example.com/', { resolve: answering() })).toMatchObject({ ok: true });
  });

  it('accepts a name that does not resolve in time, and drops its late failure', async () => {
    let fail: (error: Error) => void = () => undefined;
    const resolve: ResolveAddresses = () => new Promise((_, reject) => (fail = reject));
    expect(await judgeUrl(strict, 'https://a.example.com/', { resolve, timeoutMs: 20 })).toMatchObject({ ok: true });
    fail(new Error('too late'));
  });

  it("asks the operating system's resolver unless told otherwise", async () => {
    const policy = new EgressPolicy({ allowHttp: true, allowNetworks: [] });
    expect(await judgeUrl(policy, 'https://does-not-exist.invalid/')).toMatchObject({ ok: true });
  });
});
