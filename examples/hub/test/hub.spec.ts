import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SecretCipher, Transport } from 'posthorn';
import {
  alertSinkContract,
  newSecretPair,
  providerContract,
  secretCipherContract,
  TestPosthorn,
  TestReceiver,
  transportContract,
} from 'posthorn/testing';
import { DataSource } from 'typeorm';
import { Acme } from '../src/acme.provider.js';
import { Mesh } from '../src/company/mesh.js';
import { Pager } from '../src/company/pager.js';
import { HubModule } from '../src/hub.module.js';
import { PagerAlerts } from '../src/pager.alerts.js';
import { Parcel } from '../src/parcel.entity.js';
import { acmeSignature } from './acme.sender.js';

const SECRET = 'made-up-for-this-machine';

let posthorn: TestPosthorn;
let partner: TestReceiver;

beforeAll(async () => {
  posthorn = await TestPosthorn.create({
    imports: ({ url }) => [HubModule.register(url)],
    postgres: process.env.TEST_DATABASE_URL, // absent: one of our own
  });
  partner = await TestReceiver.start();
});
afterAll(async () => {
  await posthorn?.close();
  await partner?.close();
});

/** The carrier sends. */
async function send(event: object, secret = SECRET): Promise<{ status: number; body: unknown }> {
  const body = Buffer.from(JSON.stringify(event));
  const headers = { 'content-type': 'application/json', 'x-acme-signature': acmeSignature(body, secret, Date.now()) };
  const response = await fetch(`${posthorn.url}/webhooks/acme`, { method: 'POST', headers, body });
  return { status: response.status, body: await response.json() };
}

/** A partner is a service in the mesh, and subscribes. */
async function subscribe(service: string, address: string): Promise<void> {
  posthorn.get(Mesh).register(service, address);
  const response = await fetch(`${posthorn.url}/api/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${posthorn.adminApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `https://${service}/hooks`, events: ['parcel.*'] }),
  });
  expect(response.status).toBe(201);
  const { secret } = (await response.json()) as { secret: string };
  partner.verifying(secret);
}

it('keeps where a parcel is, and tells a partner in the mesh, once', async () => {
  await subscribe('partner.mesh.example', partner.url);
  const event = { id: 'e-1', type: 'parcel.delivered', parcel: 'P-7' };
  expect(await send(event)).toEqual({ status: 200, body: { status: 'processed' } });
  expect(await send(event)).toEqual({ status: 200, body: { status: 'already_processed' } });

  expect(await partner.nextEvent()).toMatchObject({
    event: 'parcel.moved',
    data: { parcel: 'P-7', state: 'delivered' },
  });
  await posthorn.expectDelivered('parcel.moved', { parcel: 'P-7' }, { times: 1 });
  expect(await posthorn.get(DataSource).getRepository(Parcel).find()).toEqual([{ id: 'P-7', state: 'delivered' }]);
});

it('believes nobody else', async () => {
  const forged = { id: 'e-2', type: 'parcel.lost', parcel: 'P-7' };
  expect(await send(forged, 'guessed')).toEqual({ status: 401, body: { error: 'Invalid signature' } });
});

it('stores secrets as the vault seals them', async () => {
  const [row] = await posthorn.get(DataSource).query('SELECT ciphertext FROM posthorn.webhook_secret');
  expect(row.ciphertext.subarray(0, 6).toString()).toBe('vault:');
});

describe('the contracts', () => {
  describe('of a provider', () => {
    const cases = providerContract({
      provider: new Acme(),
      headers: ['x-acme-signature'],
      toleranceSeconds: 300,
      newSecret: () => newSecretPair('bearer'),
      sign: ({ body, signWith, nowMs, url }) => ({
        method: 'POST',
        url,
        headers: { 'x-acme-signature': acmeSignature(body, signWith, nowMs) },
        body,
      }),
    });
    for (const { name, run } of cases) it(name, run);
  });

  describe('of a cipher', () => {
    for (const { name, run } of secretCipherContract(() => posthorn.get(SecretCipher))) it(name, run);
  });

  describe('of a transport', () => {
    const inMesh = (address: string): string => {
      const { origin, pathname, search } = new URL(address);
      posthorn.get(Mesh).register('tried.mesh.example', origin);
      return `https://tried.mesh.example${pathname}${search}`;
    };
    const cases = transportContract(() => ({ transport: posthorn.get(Transport), urlOf: inMesh }));
    for (const { name, run } of cases) it(name, run);
  });

  describe('of an alert sink', () => {
    for (const { name, run } of alertSinkContract(() => new PagerAlerts(new Pager()))) it(name, run);
  });
});
