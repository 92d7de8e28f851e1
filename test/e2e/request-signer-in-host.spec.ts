// An application signs what is sent its own way: what receivers get, and that nothing goes out unsigned whatever its class does.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { EventDispatcher, RequestSigner, StandardSigner } from '../../src/index.js';
import type { Secret, SignatureHeaders, UnsignedRequest } from '../../src/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { callHost, createHost, listen } from './host.harness.js';

/** Where the host keeps a key that its customers know it by. */
@Injectable()
class Vault {
  isOpen = true;
  /** The type of event that it has no key for. */
  refused: string | undefined;

  mac(body: Buffer): Promise<string> {
    return this.isOpen ? Promise.resolve(macOf(body, 'ours')) : Promise.reject(new Error('the vault is closed'));
  }
}

@Module({ providers: [Vault], exports: [Vault] })
class VaultModule {}

const macOf = (body: Buffer, key: string): string => createHmac('sha256', key).update(body).digest('hex');

/** Ways to be wrong, by the type of the event. */
const WRONG: Record<string, () => unknown> = {
  'wrong.nothing': () => ({}),
  'wrong.undefined': () => undefined,
  'wrong.taken': () => ({ 'webhook-id': 'another' }),
  'wrong.line': () => ({ 'X-Acme-Signature': 'a\r\nX-Other: b' }),
  'wrong.number': () => ({ 'X-Acme-Signature': 1 }),
  'wrong.twice': () => ({ 'X-Acme-Signature': 'a', 'x-acme-signature': 'b' }),
  'wrong.throws': () => {
    throw new Error('no such key');
  },
};

/** What its customers verify already, beside ours. */
@Injectable()
class AcmeSigner extends RequestSigner {
  private readonly standard = new StandardSigner();

  constructor(private readonly vault: Vault) {
    super();
  }

  sign(request: UnsignedRequest, secrets: readonly Secret[]): SignatureHeaders | Promise<SignatureHeaders> {
    if (request.event === this.vault.refused) throw new Error(`there is no key for ${request.event}`);
    const wrong = WRONG[request.event];
    if (wrong) return wrong() as SignatureHeaders;
    return request.event === 'order.alone' ? this.alone(request, secrets) : this.both(request, secrets);
  }

  private alone({ body }: UnsignedRequest, [newest]: readonly Secret[]): SignatureHeaders {
    return { 'X-Acme-Signature': macOf(body, newest?.reveal() ?? '') };
  }

  private async both(request: UnsignedRequest, secrets: readonly Secret[]): Promise<SignatureHeaders> {
    const { timestampSeconds, body, webhookId, attempt } = request;
    const macs = secrets.map((secret) => `v1=${macOf(body, secret.reveal())}`);
    return {
      ...this.standard.sign(request, secrets),
      'X-Acme-Signature': `t=${timestampSeconds},${macs.join()}`,
      'X-Acme-Vault': await this.vault.mac(body),
      'X-Acme-For': `${webhookId}/${attempt}`,
    };
  }
}

let host: INestApplication;
let url: string;
let receiver: TestReceiver;
const warnings: string[] = [];

beforeAll(async () => {
  const { url: databaseUrl } = await cloneDatabase();
  const logger = {
    log: () => undefined,
    error: () => undefined,
    warn: (message: unknown) => void warnings.push(String(message)),
  };
  host = await createHost(databaseUrl, { imports: [VaultModule], requestSigner: AcmeSigner }, logger);
  url = await listen(host);
  receiver = await TestReceiver.start(200);
});
afterAll(async () => {
  await receiver?.close();
  await host?.close();
});

const api = <Body>(method: string, route: string, body?: object) => callHost<Body>(url, method, route, body);

interface Registered {
  readonly id: string;
  readonly secret: string;
}

const register = async (event: string, more: object = {}): Promise<Registered> =>
  (await api<Registered>('POST', '/api/webhooks', { url: receiver.url, events: [event], ...more })).body;

const send = (event: string, options: { orderingKey?: string } = {}) =>
  host.get(EventDispatcher).dispatch(event, { n: 1 }, options);

interface Attempt {
  readonly outcome: string;
  readonly request: { headers: Record<string, string> };
}

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attemptCount: number;
  readonly attempts: Attempt[];
}

async function deliveryOf(webhookId: string): Promise<Delivery | undefined> {
  const { body } = await api<{ data: { id: string }[] }>('GET', `/api/deliveries?webhookId=${webhookId}`);
  const [first] = body.data;
  return first && (await api<Delivery>('GET', `/api/deliveries/${first.id}`)).body;
}

const delivered = (webhookId: string): Promise<Delivery> =>
  eventually(async () => {
    const delivery = await deliveryOf(webhookId);
    return delivery?.status === 'success' && delivery;
  }, 'it is delivered');

describe('a signer of the host', () => {
  it('adds what its customers verify to what everybody can, over the bytes that are sent, and the log masks it', async () => {
    const { id, secret } = await register('order.both');
    await send('order.both');
    const { headers, body } = await receiver.next();
    new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(headers).toMatchObject({
      'x-webhook-signature': `sha256=${macOf(body, secret)}`,
      'x-acme-signature': `t=${headers['webhook-timestamp'] as string},v1=${macOf(body, secret)}`,
      'x-acme-vault': macOf(body, 'ours'),
      'x-acme-for': `${id}/1`,
    });
    const { attempts } = await delivered(id);
    const logged = attempts[0]?.request.headers;
    expect(logged).toMatchObject({ 'X-Acme-Signature': '[masked]', 'X-Acme-Vault': '[masked]' });
    expect(JSON.stringify(logged)).not.toContain(macOf(body, secret));
  });

  it('signs in the place of ours, and goes before a header of the webhook with the same name', async () => {
    const { secret } = await register('order.alone', { headers: { 'x-acme-signature': 'mine', 'X-Shop': '7' } });
    await send('order.alone');
    const { headers, rawHeaders, body } = await receiver.next();
    expect(headers).toMatchObject({ 'x-acme-signature': macOf(body, secret), 'x-shop': '7' });
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'x-acme-signature')).toHaveLength(1);
    expect(Object.keys(headers).filter((name) => /^(?:x-)?webhook-signature$/.test(name))).toEqual([]);
  });

  it('has every live secret, the newest first', async () => {
    const { id, secret: old } = await register('order.rotated');
    const { body: rotated } = await api<{ secret: string }>('POST', `/api/webhooks/${id}/secrets`, {});
    await send('order.rotated');
    const { headers, body } = await receiver.next();
    const [, ...macs] = String(headers['x-acme-signature']).split(',');
    expect(macs).toEqual([rotated.secret, old].map((secret) => `v1=${macOf(body, secret)}`));
  });

  it('that is away for a while holds deliveries back, untried', async () => {
    const vault = host.get(Vault, { strict: false });
    vault.isOpen = false;
    const { id } = await register('order.away');
    await send('order.away');
    await eventually(() => warnings.some((text) => text.includes('the vault is closed')), 'it is said');
    expect(await deliveryOf(id)).toMatchObject({ attempts: [] });
    vault.isOpen = true;
    await receiver.next();
    expect(await delivered(id)).toMatchObject({ attemptCount: 1, attempts: [{ outcome: 'success' }] });
  });

  it('that cannot sign the first event of an ordered webhook holds back the second', async () => {
    const vault = host.get(Vault, { strict: false });
    vault.refused = 'lane.first';
    const { id } = await register('lane.*', { ordered: true });
    await send('lane.first');
    await eventually(() => warnings.some((text) => text.includes('no key for lane.first')), 'it is said');
    await eventually(async () => (await deliveryOf(id))?.status === 'pending', 'it waits');
    await send('lane.second');
    // One of another key goes past: whatever could have been sent meanwhile was.
    await send('lane.other', { orderingKey: 'other' });
    await delivered(id);
    const { body } = await api<{ data: Delivery[] }>('GET', `/api/deliveries?webhookId=${id}`);
    expect(body.data.map(({ status, attemptCount }) => [status, attemptCount])).toEqual([
      ['success', 1],
      ['pending', 0],
      ['pending', 0],
    ]);
    vault.refused = undefined;
    const types = [await receiver.next(), await receiver.next(), await receiver.next()].map(
      ({ headers }) => headers['x-webhook-event'],
    );
    expect(types).toEqual(['lane.other', 'lane.first', 'lane.second']);
  });

  it.each(Object.keys(WRONG))('sends nothing where it is %s, and others go on', async (event) => {
    const { id } = await register(event);
    const before = warnings.length;
    const came = receiver.received.length;
    await send(event);
    await eventually(() => warnings.slice(before).some((text) => text.includes('wait to be signed')), 'it is said');
    expect(await deliveryOf(id)).toMatchObject({ status: 'pending', attempts: [] });
    const { id: other } = await register(`order.${event}`);
    await send(`order.${event}`);
    await delivered(other);
    await receiver.next();
    expect(receiver.received.length).toBe(came + 1);
  });
});
