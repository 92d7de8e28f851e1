// EGRESS_PROXY: every delivery leaves through it, to an address that we have checked; and what a bad proxy looks like.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Agent, request } from 'undici';
import { EgressPolicy } from '../../src/kernel/egress-policy.js';
import { createEgressConnector } from '../../src/platform/egress/index.js';
import type { ResolveAddresses } from '../../src/platform/egress/index.js';
import { freePort } from '../setup/free-port.js';
import { startConnectProxy, startSocksProxy } from '../setup/proxies.js';
import type { TestProxy } from '../setup/proxies.js';
import { TestReceiver } from '../setup/receiver.js';
import { TestAuthority } from '../setup/certificates.js';
import { readSettings } from '../../src/platform/config/index.js';
import { DeliveryScene } from './delivery.harness.js';

const KINDS = [
  ['http', startConnectProxy],
  ['socks5', startSocksProxy],
  ['socks5h', startSocksProxy],
] as const;
const LOGIN = { user: 'us@er', password: 'p:ass word' };
const PASSWORD = encodeURIComponent(LOGIN.password);
const policy = new EgressPolicy({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
const resolve: ResolveAddresses = () => Promise.resolve(['127.0.0.1']);

let receiver: TestReceiver;
const proxies: TestProxy[] = [];

beforeAll(async () => {
  receiver = await TestReceiver.start();
});
afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.close();
});
afterAll(() => receiver?.close());

async function started(start: (typeof KINDS)[number][1], login?: typeof LOGIN): Promise<TestProxy> {
  const proxy = await start(login);
  proxies.push(proxy);
  return proxy;
}

async function post(proxy: string, url: string, under = policy, resolver = resolve): Promise<number> {
  const connect = createEgressConnector(under, { resolve: resolver, proxy: new URL(proxy) });
  const agent = new Agent({ connect });
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, method: 'POST', body: '{}' });
    await body.dump();
    return statusCode;
  } finally {
    await agent.destroy();
  }
}

const named = (): string => receiver.url.replace('127.0.0.1', 'hooks.shop.example');
const addressOf = (): string => new URL(receiver.url).host;

describe.each(KINDS)('a proxy that speaks %s', (scheme, start) => {
  it('is told the address that was checked, never the name', async () => {
    const proxy = await started(start);
    expect(await post(`${scheme}://127.0.0.1:${proxy.port}`, named())).toBe(200);
    expect(proxy.asked).toEqual([addressOf()]);
  });

  it('is asked for nothing that the policy forbids, by a literal or by what a name resolves to', async () => {
    const proxy = await started(start);
    const strict = new EgressPolicy({ allowHttp: true, allowNetworks: [] });
    for (const url of [receiver.url, named()])
      await expect(post(`${scheme}://127.0.0.1:${proxy.port}`, url, strict)).rejects.toMatchObject({
        code: 'EGRESS_DENIED',
      });
    expect(proxy.asked).toEqual([]);
  });

  it('lets in by user and password, and only so', async () => {
    const proxy = await started(start, LOGIN);
    const at = `127.0.0.1:${proxy.port}`;
    const user = encodeURIComponent(LOGIN.user);
    expect(await post(`${scheme}://${user}:${PASSWORD}@${at}`, named())).toBe(200);
    for (const wrong of [`${user}:other@`, ''])
      await expect(post(`${scheme}://${wrong}${at}`, named())).rejects.toMatchObject({ code: 'PROXY_AUTH_FAILED' });
    expect(proxy.asked).toHaveLength(1);
  });

  it('carries TLS, which is with the receiver under its own name', async () => {
    const proxy = await started(start);
    const names: string[] = [];
    // Without a certificate the handshake fails, after the name was heard.
    const tls = createTlsServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    }).on('tlsClientError', () => undefined);
    await once(tls.listen(0, '127.0.0.1'), 'listening');
    const { port } = tls.address() as AddressInfo;
    await expect(post(`${scheme}://127.0.0.1:${proxy.port}`, `https://hooks.shop.example:${port}/`)).rejects.toThrow();
    tls.close();
    expect(names).toEqual(['hooks.shop.example']);
    expect(proxy.asked).toEqual([`127.0.0.1:${port}`]);
  });

  it('tries the next address of a name where it cannot reach one', async () => {
    const proxy = await started(start);
    const gone = await TestReceiver.start();
    const url = named();
    await gone.close();
    const two: ResolveAddresses = () => Promise.resolve(['127.0.0.9', '127.0.0.1']);
    expect(await post(`${scheme}://127.0.0.1:${proxy.port}`, url, policy, two)).toBe(200);
    expect(proxy.asked).toEqual([addressOf().replace('127.0.0.1', '127.0.0.9'), addressOf()]);
  });

  it('that is not there, or reaches nobody, is said so', async () => {
    const away = `${scheme}://127.0.0.1:${await freePort()}`;
    await expect(post(away, named())).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
    const proxy = await started(start);
    const nobody = `http://127.0.0.1:${await freePort()}/`;
    await expect(post(`${scheme}://127.0.0.1:${proxy.port}`, nobody)).rejects.toMatchObject({ code: 'PROXY_REFUSED' });
  });
});

describe('deliveries', () => {
  it('leave through no proxy whose certificate nobody vouches for', async () => {
    const authority = new TestAuthority();
    const proxy = await startConnectProxy(undefined, authority.issue('proxy'));
    proxies.push(proxy);
    authority.close();
    const at = `127.0.0.1:${proxy.port}`;
    await expect(post(`https://${at}`, named())).rejects.toMatchObject({ code: 'PROXY_TLS_FAILED' });
    await expect(post(`https://127.0.0.1:${await freePort()}`, named())).rejects.toMatchObject({
      code: 'PROXY_UNREACHABLE',
    });
    expect(proxy.asked).toEqual([]);
  });

  it('are refused a proxy at the start whose user or password SOCKS5 cannot carry', () => {
    const read = (egressProxy: string) => () => readSettings({ egressProxy });
    const [most, more] = ['ä'.repeat(127) + 'x', 'ä'.repeat(128)].map(encodeURIComponent);
    expect(read(`socks5://${most}:${most}@proxy`)).not.toThrow();
    for (const url of [`socks5://${more}:word@proxy`, `socks5h://user:${more}@proxy`])
      expect(read(url)).toThrow(/255 bytes/);
    expect(read(`http://${more}:${more}@proxy`)).not.toThrow();
  });

  it('leave through the proxy; while it is away they are retried, and nothing tells its password', async () => {
    const port = await freePort();
    const egressProxy = `http://${encodeURIComponent(LOGIN.user)}:${PASSWORD}@127.0.0.1:${port}`;
    const scene = await DeliveryScene.open({ egressProxy, retrySchedule: ['100ms'] });
    try {
      const target = await scene.target(receiver.url);
      const failed = await scene.settled(await target.send());
      expect(failed).toMatchObject({ status: 'failed', reason: 'attempts_exhausted', attemptCount: 2 });
      for (const attempt of failed.attempts)
        expect(attempt).toMatchObject({ outcome: 'connection_error', error: 'PROXY_UNREACHABLE' });
      expect(JSON.stringify(failed)).not.toMatch(/p(?::|%3A)ass/);
    } finally {
      await scene.close();
    }
    const proxy = await started(startConnectProxy);
    const other = await DeliveryScene.open({ egressProxy: `http://127.0.0.1:${proxy.port}` });
    try {
      const target = await other.target(receiver.url);
      expect(await other.settled(await target.send())).toMatchObject({ status: 'success' });
      expect(proxy.asked).toEqual([addressOf()]);
    } finally {
      await other.close();
    }
  });
});
