// Client certificates on real TLS: each webhook shows its own, over connections that it shares with nobody.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../setup/certificates.js';
import type { KeyPair } from '../setup/certificates.js';
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
