// An application encrypts stored secrets its own way, by a service that takes its turn and is away at times.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { PosthornModule } from '../../src/index.js';
import type { Extension, SecretCipher } from '../../src/index.js';
import { SETTINGS_TOKEN } from '../../src/platform/config/index.js';
import type { Settings } from '../../src/platform/config/index.js';
import { configureHttp, ServerAdapter } from '../../src/platform/http/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { KeyServiceCipher } from '../setup/key-service.js';
import { TestReceiver } from '../setup/receiver.js';

const ADMIN_KEY = `admin-${randomUUID()}`;
const ENCRYPTION_KEY = randomBytes(32).toString('base64');
const SOURCE_SECRET = 'what github signs with';
const TOKEN = 'the token of the receiver';

let databaseUrl: string;
let sql: pg.Client;
let receiver: TestReceiver;
const keyService = new KeyServiceCipher();

beforeAll(async () => {
  ({ url: databaseUrl } = await cloneDatabase());
  sql = new pg.Client(databaseUrl);
  await sql.connect();
  receiver = await TestReceiver.start(200);
});
afterAll(async () => {
  await receiver?.close();
  await sql?.end();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
type Api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Runs `work` against an application with this cipher; each is a process that remembers nothing. */
async function withCipher(secretCipher: Extension<SecretCipher> | undefined, work: (api: Api) => Promise<void>) {
  const options = {
    databaseUrl,
    databasePool: 5,
    encryptionKey: ENCRYPTION_KEY,
    adminApiKey: ADMIN_KEY,
    allowHttp: true,
    allowNetworks: ['127.0.0.0/8'],
    shutdownTimeout: '2s',
    ...(secretCipher && { secretCipher }),
  };
  @Module({ imports: [PosthornModule.forRoot(options)] })
  class Host {}
  const app = await NestFactory.create<NestExpressApplication>(Host, new ServerAdapter(), {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  configureHttp(app, app.get<Settings>(SETTINGS_TOKEN, { strict: false }));
  await app.listen(0, '127.0.0.1');
  const origin = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const api: Api = async (method, path, body, headers = {}) => {
    const response = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
  };
  try {
    await work(api);
  } finally {
    await app.close();
  }
}

const withKeyService = (work: (api: Api) => Promise<void>) => withCipher({ useValue: keyService }, work);

/** A webhook of GitHub's, signed as GitHub does. */
function receive(api: Api): Promise<Answer> {
  const body = JSON.stringify({ action: 'opened', id: randomUUID() });
  const signature = createHmac('sha256', SOURCE_SECRET).update(body).digest('hex');
  return api('POST', '/webhooks/github', body, {
    'x-hub-signature-256': `sha256=${signature}`,
    'x-github-event': 'issues',
    'x-github-delivery': randomUUID(),
  });
}

/** What is stored, each as the cipher left it. */
async function stored(): Promise<Buffer[]> {
  const { rows } = await sql.query<{ box: Buffer }>(
    `select ciphertext as box from posthorn.webhook_secret union all select ciphertext from posthorn.source_secret
     union all select headers from posthorn.webhook where headers is not null`,
  );
  return rows.map(({ box }) => box);
}

describe('a cipher of an application', () => {
  let webhook: { id: string; secret: string };

  it('takes over what the ring of keys had sealed, by re-encryption', async () => {
    await withCipher(undefined, async (api) => {
      const fields = { url: receiver.url, events: ['order.*'], headers: { 'X-Api-Token': TOKEN } };
      webhook = (await api('POST', '/api/webhooks', fields)).body as unknown as typeof webhook;
      const source = { name: 'github', provider: 'github', secrets: [SOURCE_SECRET] };
      expect((await api('POST', '/api/sources', source)).status).toBe(201);
    });
    const { KeyRingCipher } = await import('../../src/index.js');
    const both = {
      inject: [KeyRingCipher],
      useFactory: (ring: InstanceType<typeof KeyRingCipher>): SecretCipher => ({
        encrypt: (text, owner) => keyService.encrypt(text, owner),
        decrypt: (sealed, owner) => (keyService.isCurrent(sealed) ? keyService : ring).decrypt(sealed, owner),
        isCurrent: (sealed) => keyService.isCurrent(sealed),
      }),
    };
    await withCipher(both, async (api) => {
      expect(await api('POST', '/api/encryption/re-encrypt')).toMatchObject({
        body: { reencrypted: 3, unreadable: 0 },
      });
      expect(await api('POST', '/api/encryption/re-encrypt')).toMatchObject({
        body: { reencrypted: 0, unreadable: 0 },
      });
    });
    const boxes = await stored();
    expect(boxes).toHaveLength(3);
    for (const box of boxes) expect(keyService.isCurrent(box)).toBe(true);
  });

  it('sends, receives and rotates', async () => {
    await withKeyService(async (api) => {
      await api('POST', '/api/events', { event: 'order.made', data: {} });
      const sent = await receiver.next();
      expect(sent.headers['x-api-token']).toBe(TOKEN);
      const hmac = createHmac('sha256', webhook.secret).update(sent.body).digest('hex');
      expect(sent.headers['x-webhook-signature']).toBe(`sha256=${hmac}`);
      expect(await receive(api)).toEqual({ status: 200, body: { status: 'processed' } });
      expect((await api('POST', `/api/webhooks/${webhook.id}/secrets`)).status).toBe(201);
      expect((await api('GET', '/api/webhooks')).body).toMatchObject({ data: [{ headers: ['X-Api-Token'] }] });
      for (const box of await stored()) expect(keyService.isCurrent(box)).toBe(true);
    });
  });

  it('that is away has deliveries wait, whatever their schedule, and nothing lost; receiving and the API answer 503', async () => {
    await withKeyService(async (api) => {
      await api('PATCH', `/api/webhooks/${webhook.id}`, { retrySchedule: ['1s'] });
    });
    keyService.isAway = true;
    await withKeyService(async (api) => {
      const { body: event } = await api('POST', '/api/events', { event: 'order.made', data: {} });
      const delivery = async () => (await api('GET', `/api/events/${String(event.id)}`)).body.deliveries;
      const becomes = (expected: object): Promise<unknown> =>
        eventually(
          async () => {
            expect(await delivery()).toMatchObject([expected]);
            return true;
          },
          `the delivery becomes ${JSON.stringify(expected)}`,
        );
      const postponed = `select from posthorn.delivery where event_id = $1 and status = 'retrying' and attempt_count = 0`;
      await eventually(async () => (await sql.query(postponed, [event.id])).rowCount, 'the delivery waits, not tried');
      expect(await receive(api)).toEqual({
        status: 503,
        body: { error: 'Secrets can be neither read nor written at the moment.' },
      });
      for (const [method, path, body] of [
        ['GET', '/api/webhooks', undefined],
        ['POST', '/api/webhooks', { url: receiver.url, events: ['a.b'] }],
        ['POST', `/api/webhooks/${webhook.id}/secrets`, {}],
        ['POST', '/api/sources/github/secrets', { secret: 'another' }],
        ['POST', '/api/encryption/re-encrypt', undefined],
      ] as const)
        expect({ path, ...(await api(method, path, body)) }).toMatchObject({
          path,
          status: path.endsWith('re-encrypt') ? 200 : 503,
          ...(!path.endsWith('re-encrypt') && { body: { code: 'secrets_unavailable' } }),
        });

      keyService.isAway = false;
      expect((await receiver.next()).headers['x-webhook-attempt']).toBe('1');
      await becomes({ status: 'success', attemptCount: 1 });
      expect((await receive(api)).status).toBe(200);
    });
  });
});
