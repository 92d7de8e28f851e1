// What webhooks sign with: secrets that receivers already have, private keys, a scheme that changes, and how long the
// secrets before sign along.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { SigningKeys } from '../../src/delivery/signing/signing-keys.js';
import { SealedSecrets } from '../../src/platform/secrets/index.js';
import { eventually } from '../setup/eventually.js';
import type { Received } from '../setup/receiver.js';
import { DeliveryScene } from './delivery.harness.js';

interface SecretAnswer {
  readonly id: string;
  readonly signatureScheme: 'hmac' | 'ed25519';
  readonly publicKey: string | null;
  readonly expiresAt: string | null;
  readonly secret?: string | null;
}

interface WebhookAnswer {
  readonly id: string;
  readonly secret?: string | null;
  readonly secrets: readonly SecretAnswer[];
}

let scene: DeliveryScene;

beforeAll(async () => {
  scene = await DeliveryScene.open({ deliveryConcurrency: 16 });
});
afterAll(() => scene?.close());
afterEach(() => scene.closeReceivers());

let types = 0;
/** A webhook made with `more`, and a way to have the next request to it. */
async function register(more: object): Promise<{ webhook: WebhookAnswer; next: () => Promise<Received> }> {
  const receiver = await scene.receiver(200);
  const event = `signed.t${(types += 1)}`;
  const { status, body } = await scene.server.api<WebhookAnswer>('POST', '/api/webhooks', {
    url: receiver.url,
    events: [event],
    ...more,
  });
  expect([status, body]).toEqual([201, expect.anything()]);
  return {
    webhook: body,
    next: async () => {
      await scene.dispatch(event);
      return receiver.next();
    },
  };
}

const rotate = (id: string, body?: object) =>
  scene.server.api<SecretAnswer & { code?: string }>('POST', `/api/webhooks/${id}/secrets`, body);

const liveSecretIds = async (id: string): Promise<string[]> =>
  (await scene.server.api<WebhookAnswer>('GET', `/api/webhooks/${id}`)).body.secrets.map((secret) => secret.id);

const headersOf = ({ headers }: Received): Record<string, string> =>
  Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])]),
  );

const signaturesOf = (request: Received): string[] => String(request.headers['webhook-signature']).split(' ');

/** Whether one of the signatures is that of the public key, as a receiver would find out: from the key that we show, alone. */
function isSignedWith(publicKey: string | null | undefined, request: Received): boolean {
  const x = Buffer.from(String(publicKey).replace(/^whpk_/, ''), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const { 'webhook-id': id, 'webhook-timestamp': time } = headersOf(request);
  const signed = Buffer.concat([Buffer.from(`${id}.${time}.`), request.body]);
  return signaturesOf(request).some(
    (signature) => signature.startsWith('v1a,') && verify(null, signed, key, Buffer.from(signature.slice(4), 'base64')),
  );
}

const plainOf = (secret: string, { body }: Received): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('a secret that receivers already have', () => {
  it('signs, and is told as one that was made', async () => {
    const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
    const { webhook, next } = await register({ secret });
    expect(webhook).toMatchObject({ secret, secrets: [{ signatureScheme: 'hmac', publicKey: null }] });
    const request = await next();
    expect(() => new Webhook(secret).verify(request.body.toString(), headersOf(request))).not.toThrow();
    expect(request.headers['x-webhook-signature']).toBe(plainOf(secret, request));
  });

  it('may be of another system', async () => {
    const secret = 'f3b0c44298fc1c149afbf4c8996fb924';
    const { next } = await register({ secret });
    const request = await next();
    expect(request.headers['x-webhook-signature']).toBe(plainOf(secret, request));
    const { 'webhook-id': id, 'webhook-timestamp': time } = headersOf(request);
    const expected = createHmac('sha256', secret).update(`${id}.${time}.`).update(request.body).digest('base64');
    expect(signaturesOf(request)).toEqual([`v1,${expected}`]);
  });

  it('is refused where it is guessed easily, is none, or does not go with the scheme, and is not repeated', async () => {
    const { webhook } = await register({});
    for (const secret of ['short', `whsec_${'*'.repeat(40)}`, `whpk_${Buffer.alloc(32).toString('base64')}`, 7, null]) {
      const answer = await rotate(webhook.id, { secret });
      expect([secret, answer.status, answer.body.code]).toEqual([secret, 400, 'validation_failed']);
      if (typeof secret === 'string') expect(JSON.stringify(answer.body)).not.toContain(secret);
    }
    const answer = await rotate(webhook.id, { secret: 'x'.repeat(32), signatureScheme: 'ed25519' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'signature_scheme_mismatch' } });
  });
});

describe('a private key', () => {
  it('signs what its public key verifies, and is never shown', async () => {
    const { webhook, next } = await register({ signatureScheme: 'ed25519' });
    expect(webhook).toMatchObject({ secret: null, secrets: [{ signatureScheme: 'ed25519' }] });
    const [{ publicKey } = { publicKey: null }] = webhook.secrets;
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    const request = await next();
    expect(isSignedWith(publicKey, request)).toBe(true);
    expect(signaturesOf(request)).toHaveLength(1);
    expect(request.headers).not.toHaveProperty('x-webhook-signature');
    const { id } = (await scene.logged(String(request.headers['x-webhook-event'])))[0] ?? { id: '' };
    const logged = (await scene.settled(id)).attempts[0]?.request.headers ?? {};
    expect(logged['webhook-signature']).toBe('[masked]');
    expect(logged).not.toHaveProperty('X-Webhook-Signature');
    const all = JSON.stringify([webhook, (await scene.server.api('GET', `/api/webhooks/${webhook.id}`)).body]);
    expect(all).not.toContain('whsk_');
  });

  it('may be one that its owner has', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url');
    const own = `whpk_${Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('base64')}`;
    const { webhook, next } = await register({ secret: `whsk_${seed.toString('base64')}` });
    expect(webhook).toMatchObject({ secret: null, secrets: [{ publicKey: own }] });
    expect(isSignedWith(own, await next())).toBe(true);
  });

  it('takes over from a shared secret: both sign until the old one ends, and rotation keeps to the newest scheme', async () => {
    const { webhook, next } = await register({});
    const shared = String(webhook.secret);
    const key = (await rotate(webhook.id, { signatureScheme: 'ed25519' })).body;
    expect(key).toMatchObject({ signatureScheme: 'ed25519', secret: null });
    const during = await next();
    expect(isSignedWith(key.publicKey, during)).toBe(true);
    expect(during.headers['x-webhook-signature']).toBe(plainOf(shared, during));
    expect(() => new Webhook(shared).verify(during.body.toString(), headersOf(during))).not.toThrow();
    const next2 = (await rotate(webhook.id)).body;
    expect(next2).toMatchObject({ signatureScheme: 'ed25519' });
    expect(signaturesOf(await next()).map((signature) => signature.split(',')[0])).toEqual(['v1a', 'v1a', 'v1']);
  });
});

describe('the secrets before a new one', () => {
  const hoursLeft = ({ expiresAt }: SecretAnswer): number => (Date.parse(expiresAt ?? '') - Date.now()) / 3_600_000;
  const secretsOf = async (id: string): Promise<readonly SecretAnswer[]> =>
    (await scene.server.api<WebhookAnswer>('GET', `/api/webhooks/${id}`)).body.secrets;

  it('sign along for as long as asked', async () => {
    const { webhook } = await register({});
    await rotate(webhook.id, { expireOthersAfter: '7d' });
    const [, before] = await secretsOf(webhook.id);
    expect(hoursLeft(before as SecretAnswer)).toBeGreaterThan(167.9);
    expect(hoursLeft(before as SecretAnswer)).toBeLessThan(168.1);
  });

  it('end at once with 0s, even where there are as many as there may be', async () => {
    const { webhook, next } = await register({});
    for (let n = 0; n < 9; n += 1) await rotate(webhook.id);
    expect(await rotate(webhook.id)).toMatchObject({ status: 409, body: { code: 'too_many_secrets' } });
    const { body } = await rotate(webhook.id, { expireOthersAfter: '0s' });
    expect((await secretsOf(webhook.id)).map(({ id }) => id)).toEqual([body.id]);
    const request = await next();
    expect(signaturesOf(request)).toHaveLength(1);
    expect(request.headers['x-webhook-signature']).toBe(plainOf(String(body.secret), request));
  });

  it.each(['8d', '-1s', 'soon', 24, null])('are not kept for %p', async (expireOthersAfter) => {
    const { webhook } = await register({});
    expect((await rotate(webhook.id, { expireOthersAfter })).status).toBe(400);
  });
});

describe('a process that opens more secrets than it keeps', () => {
  /** Ids of secrets that nothing is signed with, as many as are kept. */
  async function otherSecrets(webhookId: string): Promise<string[]> {
    const sealed = scene.server.get(SealedSecrets);
    const ids = Array.from({ length: 10_000 }, () => randomUUID());
    const boxes = await Promise.all(ids.map((id) => sealed.seal(`whsec_${randomBytes(24).toString('base64')}`, id)));
    await scene.sql(
      `INSERT INTO posthorn.webhook_secret (id, tenant_id, webhook_id, ciphertext, hint, expires_at)
       SELECT id, 'default', $1, ciphertext, '….…', now() FROM unnest($2::uuid[], $3::bytea[]) AS s (id, ciphertext)`,
      [webhookId, ids, boxes],
    );
    return ids;
  }

  it('signs all that it claimed, and keeps those open that are used', async () => {
    const receiver = await scene.receiver(200);
    const target = await scene.target(receiver.url);
    const other = await scene.target(receiver.url);
    const others = await otherSecrets(other.webhookId);
    const keys = scene.server.get(SigningKeys);
    const inFlight = await scene.claimedAhead(receiver, target);

    const first = await keys.open(others);
    const [oldest = ''] = others;
    // Opens one more than are kept, and needs the one that was kept longest.
    const { secrets } = await keys.open([oldest, ...(await liveSecretIds(other.webhookId))]);
    expect(secrets.size).toBe(2);
    expect((await keys.open([oldest])).secrets.get(oldest)).toBe(first.secrets.get(oldest));

    receiver.always(200);
    for (const response of inFlight) response.writeHead(200).end();
    // What was not claimed by then is pending until these are sent.
    await eventually(
      async () => (await scene.whatBecameOf(target.webhookId))['success 1'] === 500,
      'each is delivered by its first attempt',
    );
    expect(receiver.received.filter(({ headers }) => !headers['webhook-signature'])).toEqual([]);
  });
});
