// Client certificates on real TLS: each webhook shows its own, over connections that it shares with nobody.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../setup/certificates.js';
import type { KeyPair } from '../setup/certificates.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { startConnectProxy, startSocksProxy } from '../setup/proxies.js';
import { call, ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { ADMIN_KEY } from '../setup/server.js';
import { DeliveryScene } from './delivery.harness.js';

/** Who came: by certificate, over which connection, with which type of event. */
interface Visit {
  readonly name: string;
  readonly port: number;
  readonly event: string;
}

let scene: DeliveryScene;
let authority: TestAuthority;
let server: Server;
let url: string;
let [alice, bob]: KeyPair[] = [];
const visits: Visit[] = [];

beforeAll(async () => {
  authority = new TestAuthority();
  [alice, bob] = [authority.issue('alice'), authority.issue('bob')];
  const { certificate: cert, privateKey: key } = authority.issue('receiver');
  server = createServer({ cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true });
  server.on('request', (request, response) => {
    const socket = request.socket as TLSSocket;
    const name = socket.getPeerCertificate().subject.CN as string;
    visits.push({ name, port: socket.remotePort ?? 0, event: String(request.headers['x-webhook-event']) });
    request.resume();
    response.end();
  });
  // A test must not wait for a connection to be opened anew because it was slow.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  scene = await DeliveryScene.open({ retrySchedule: [] });
});
afterAll(async () => {
  await scene?.close();
  server?.closeAllConnections();
  server?.close();
  authority?.close();
});

const withCertificate = (pair: KeyPair | undefined, ca: string | undefined = authority.certificate) => ({
  authentication: { type: 'mtls', ...pair, ca },
});

const visitsOf = (event: string): Visit[] => visits.filter((visit) => visit.event === event);

it('show each webhook’s own, over connections of its own', async () => {
  const [first, second] = [
    await scene.target(url, withCertificate(alice)),
    await scene.target(url, withCertificate(bob)),
  ];
  for (const target of [first, second, first, second])
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success' });
  expect(visitsOf(first.type).map(({ name }) => name)).toEqual(['alice', 'alice']);
  expect(visitsOf(second.type).map(({ name }) => name)).toEqual(['bob', 'bob']);
  const portsOf = (type: string) => new Set(visitsOf(type).map(({ port }) => port));
  for (const port of portsOf(first.type)) expect(portsOf(second.type)).not.toContain(port);

  // The very same credentials are two webhooks’ all the same.
  const third = await scene.target(url, withCertificate(alice));
  await scene.settled(await third.send());
  for (const port of portsOf(third.type)) expect(portsOf(first.type)).not.toContain(port);
});

it('are replaced with the next request, and shown by whom they name', async () => {
  const target = await scene.target(url, withCertificate(alice));
  const shown = async () => (await scene.server.api('GET', `/api/webhooks/${target.webhookId}`)).body.authentication;
  await scene.settled(await target.send());
  expect(await shown()).toEqual({
    type: 'mtls',
    subject: 'CN=alice',
    expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
    authority: 'CN=Test authority',
  });
  await scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, withCertificate(bob));
  const delivery = await scene.settled(await target.send());
  expect(visitsOf(target.type).map(({ name }) => name)).toEqual(['alice', 'bob']);
  expect(await shown()).toMatchObject({ subject: 'CN=bob' });
  const audit = await scene.server.api('GET', '/api/audit-log');
  expect(JSON.stringify([await shown(), delivery, audit.body])).not.toContain('PRIVATE KEY');
});

it('are missed by a receiver that asks for one, and are no reason to trust it', async () => {
  const without = await scene.target(url);
  const untrusted = await scene.target(url, { authentication: { type: 'mtls', ...alice } });
  const other = new TestAuthority('Another authority');
  const unknown = await scene.target(url, withCertificate(other.issue('mallory')));
  const mistaken = await scene.target(url, withCertificate(alice, other.certificate));
  other.close();
  for (const target of [without, untrusted, unknown, mistaken]) {
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'failed', lastHttpStatus: null });
    expect(visitsOf(target.type)).toEqual([]);
  }
  const [attempt] = (await scene.settled(await untrusted.send())).attempts;
  expect(attempt).toMatchObject({ outcome: 'tls_error' });
});

it.each<[string, () => object, string]>([
  ['a key that is another’s', () => ({ privateKey: bob?.privateKey }), 'is not the key of authentication.certificate'],
  ['no key', () => ({ privateKey: 'secret' }), 'authentication.privateKey must be a private key in PEM'],
  ['an authority that is none', () => ({ ca: 'secret' }), 'authentication.ca must be certificates in PEM'],
])('are refused with %s', async (_, wrong, sentence) => {
  const authentication = { type: 'mtls', ...alice, ...wrong() };
  const answer = await scene.server.api('POST', '/api/webhooks', { url, events: ['x'], authentication });
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_authentication' } });
  expect(answer.body.error).toContain(sentence);
});

it('are refused for a URL without TLS, whichever comes last', async () => {
  const plain = 'http://127.0.0.1:9/';
  const refusal = { status: 400, body: { code: 'invalid_authentication' } };
  const body = { url: plain, events: ['x'], ...withCertificate(alice) };
  expect(await scene.server.api('POST', '/api/webhooks', body)).toMatchObject(refusal);
  const target = await scene.target(url, withCertificate(alice));
  expect(await scene.server.api('PATCH', `/api/webhooks/${target.webhookId}`, { url: plain })).toMatchObject(refusal);
});

describe('an authority of the receiver’s own', () => {
  let plain: Server;
  let at: string;
  const heard: { authorization: string | undefined; port: number; event: string }[] = [];

  beforeAll(async () => {
    const { certificate: cert, privateKey: key } = authority.issue('receiver');
    plain = createServer({ cert, key });
    plain.on('request', (request, response) => {
      const { authorization, 'x-webhook-event': event } = request.headers;
      heard.push({ authorization, port: request.socket.remotePort ?? 0, event: String(event) });
      request.resume();
      response.end();
    });
    plain.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    at = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => {
    plain?.closeAllConnections();
    plain?.close();
  });

  const heardOf = (type: string) => heard.filter(({ event }) => event === type);

  it('is trusted by the webhook that names it, with or without anything presented, and by no other', async () => {
    const ca = authority.certificate;
    const alone = await scene.target(at, { authentication: { type: 'tls', ca } });
    const basic = await scene.target(at, { authentication: { type: 'basic', username: 'u', password: 'p', ca } });
    const bearer = await scene.target(at, { authentication: { type: 'bearer', token: 'abc', ca } });
    for (const target of [alone, basic, bearer])
      expect(await scene.settled(await target.send())).toMatchObject({ status: 'success' });
    expect(heardOf(alone.type)).toMatchObject([{ authorization: undefined }]);
    expect(heardOf(basic.type)).toMatchObject([{ authorization: `Basic ${Buffer.from('u:p').toString('base64')}` }]);
    expect(heardOf(bearer.type)).toMatchObject([{ authorization: 'Bearer abc' }]);
    expect(new Set([alone, basic, bearer].flatMap(({ type }) => heardOf(type)).map(({ port }) => port)).size).toBe(3);

    const other = new TestAuthority('Another authority');
    other.close();
    const mistaken = await scene.target(at, { authentication: { type: 'tls', ca: other.certificate } });
    // Connections of webhooks that trust it are open at this moment, and serve nobody else.
    for (const target of [await scene.target(at), mistaken]) {
      const { status, attempts } = await scene.settled(await target.send());
      expect([status, attempts[0]?.outcome]).toEqual(['failed', 'tls_error']);
      expect(heardOf(target.type)).toEqual([]);
    }
  });

  it('is shown by whom it names, replaced with the next request, and needs an https URL', async () => {
    const target = await scene.target(at, { authentication: { type: 'tls', ca: authority.certificate } });
    const webhook = `/api/webhooks/${target.webhookId}`;
    const shown = { type: 'tls', authority: 'CN=Test authority' };
    expect((await scene.server.api('GET', webhook)).body.authentication).toEqual(shown);
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'success' });
    const other = new TestAuthority('Another authority');
    other.close();
    await scene.server.api('PATCH', webhook, { authentication: { type: 'tls', ca: other.certificate } });
    expect(await scene.settled(await target.send())).toMatchObject({ status: 'failed' });
    const refusal = { status: 400, body: { code: 'invalid_authentication' } };
    expect(await scene.server.api('PATCH', webhook, { url: 'http://127.0.0.1:9/' })).toMatchObject(refusal);
    expect(await scene.server.api('PATCH', webhook, { authentication: { type: 'tls' } })).toMatchObject(refusal);
  });
});

describe('through EGRESS_PROXY', () => {
  it.each([
    ['http', startConnectProxy],
    ['socks5', startSocksProxy],
  ] as const)('a client certificate is shown to the receiver, not to the %s proxy', async (scheme, start) => {
    const proxy = await start();
    const proxied = await DeliveryScene.open({ retrySchedule: [], egressProxy: `${scheme}://127.0.0.1:${proxy.port}` });
    try {
      const target = await proxied.target(url, withCertificate(alice));
      expect(await proxied.settled(await target.send())).toMatchObject({ status: 'success' });
      expect(visitsOf(target.type).map(({ name }) => name)).toEqual(['alice']);
      expect(proxy.asked).toEqual([new URL(url).host]);
    } finally {
      await proxied.close();
      proxy.close();
    }
  });

  it('over TLS, by an authority that the process was started with, it is shown all the same', async () => {
    await ensureBuiltOnce();
    const proxy = await startConnectProxy(undefined, authority.issue('proxy'));
    const folder = mkdtempSync(path.join(tmpdir(), 'posthorn-proxy-'));
    writeFileSync(path.join(folder, 'ca.pem'), authority.certificate);
    const process = new ServerProcess({
      DATABASE_URL: (await cloneDatabase()).url,
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      ADMIN_API_KEY: ADMIN_KEY,
      ALLOW_NETWORKS: '127.0.0.0/8',
      EGRESS_PROXY: `https://127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
    });
    try {
      const server = await process.url();
      const api = (target: string, body: object) => call(server, ADMIN_KEY, 'POST', target, body);
      expect(await api('/api/webhooks', { url, events: ['over.tls'], ...withCertificate(bob) })).toMatchObject({
        status: 201,
      });
      await api('/api/events', { event: 'over.tls', data: {} });
      await eventually(() => visitsOf('over.tls').length > 0, 'the receiver is reached');
      expect(visitsOf('over.tls').map(({ name }) => name)).toEqual(['bob']);
      expect(proxy.asked).toEqual([new URL(url).host]);
    } finally {
      await process.stop();
      proxy.close();
      rmSync(folder, { recursive: true });
    }
  });
});
