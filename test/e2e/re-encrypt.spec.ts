// The encryption key changes: what the old one sealed is sealed anew, and the old one is dropped without losing anything.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import pg from 'pg';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { runCommand } from './cli.harness.js';
import { ADMIN_KEY, caller, originOf, startServer } from './registry.harness.js';
import type { WebhookAnswer } from './registry.harness.js';

const [OLD, NEW, LOST] = [1, 2, 3].map(() => randomBytes(32).toString('base64')) as [string, string, string];
const HEADERS = { 'X-Api-Token': 'the token of the receiver' };
const AUTHENTICATION = { type: 'bearer', token: 'the-token-of-the-receiver' };
const SOURCE_SECRET = 'what github signs with';
/** More than a page of the walk. */
const MOVED = 450;

let databaseUrl: string;
let sql: pg.Client;
let receiver: TestReceiver;

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

/** Runs `work` against a server that has this ring of keys. */
async function withKeys<Result>(
  ring: string[],
  work: (api: ReturnType<typeof caller>, origin: string) => Promise<Result>,
) {
  const app = await startServer(databaseUrl, {
    encryptionKey: ring,
    allowHttp: true,
    allowNetworks: ['127.0.0.0/8'],
  });
  try {
    return await work(caller(originOf(app)), originOf(app));
  } finally {
    await app.close();
  }
}

const reEncrypt = async (api: ReturnType<typeof caller>) => {
  const answer = await api.post('/api/encryption/re-encrypt');
  return [answer.status, answer.body as unknown];
};

const stateOf = async (api: ReturnType<typeof caller>): Promise<unknown> =>
  (await api.get('/api/encryption').expect(200)).body;

describe('after the first key has changed', () => {
  let webhook: WebhookAnswer;

  it('everything is sealed anew, once, page after page', async () => {
    await withKeys([OLD], async (api) => {
      const fields = { url: receiver.url, events: ['order.paid'], headers: HEADERS, authentication: AUTHENTICATION };
      webhook = (await api.post('/api/webhooks').send(fields).expect(201)).body as WebhookAnswer;
      await api.post(`/api/webhooks/${webhook.id}/secrets`).expect(201);
      await api
        .post('/api/sources')
        .send({ name: 'git', provider: 'github', secrets: [SOURCE_SECRET] })
        .expect(201);
      // Boxes that were moved to other rows open nowhere.
      await sql.query(
        `INSERT INTO posthorn.webhook_secret (id, tenant_id, webhook_id, ciphertext, hint, expires_at)
         SELECT gen_random_uuid(), tenant_id, webhook_id, ciphertext, hint, now() FROM posthorn.webhook_secret
         CROSS JOIN generate_series(1, $2) WHERE id = $1`,
        [webhook.secrets[0]?.id, MOVED],
      );
    });
    await withKeys([NEW, OLD], async (api) => {
      // Two secrets of the webhook, its headers, its authentication, the secret of the source.
      expect(await stateOf(api)).toEqual({ sealed: 5 + MOVED, outdated: 5 + MOVED });
      expect(await reEncrypt(api)).toEqual([200, { reencrypted: 5, unreadable: MOVED }]);
      expect(await stateOf(api)).toEqual({ sealed: 5 + MOVED, outdated: MOVED });
      expect(await reEncrypt(api)).toEqual([200, { reencrypted: 0, unreadable: MOVED }]);
    });
  });

  it('the old one may be dropped: the same secrets sign, open and verify', async () => {
    await withKeys([NEW], async (api, origin) => {
      await api.post('/api/events').send({ event: 'order.paid', data: {} }).expect(202);
      const { headers, body } = await receiver.next();
      const signature = createHmac('sha256', webhook.secret).update(body).digest('hex');
      expect(headers).toMatchObject({
        'x-api-token': HEADERS['X-Api-Token'],
        authorization: `Bearer ${AUTHENTICATION.token}`,
        'x-webhook-signature': `sha256=${signature}`,
      });
      const hook = '{"zen":"calm"}';
      const signed = createHmac('sha256', SOURCE_SECRET).update(hook).digest('hex');
      const answer = await fetch(`${origin}/webhooks/git`, {
        method: 'POST',
        body: hook,
        headers: { 'x-hub-signature-256': `sha256=${signed}`, 'x-github-event': 'ping', 'x-github-delivery': 'one' },
      });
      expect(answer.status).toBe(200);
    });
  });
});

it('what no key opens is counted and left as it is', async () => {
  await sql.query(`DELETE FROM posthorn.webhook_secret WHERE expires_at <= now()`);
  await withKeys([LOST], async (api) => expect(await reEncrypt(api)).toEqual([200, { reencrypted: 0, unreadable: 5 }]));
  await withKeys([NEW], async (api) => expect(await reEncrypt(api)).toEqual([200, { reencrypted: 0, unreadable: 0 }]));
});

describe('posthorn rotate-encryption-key', () => {
  const rotate = (origin: string, key: string) =>
    runCommand(['rotate-encryption-key', '--server', origin], { ADMIN_API_KEY: key });

  it('says what is left to do, by its exit code too', async () => {
    await withKeys([LOST, NEW], async (_, origin) =>
      expect(await rotate(origin, ADMIN_KEY)).toEqual({
        code: 0,
        out: [
          '5 sealed anew, 0 that no key opens.',
          'The keys behind the first may be dropped from ENCRYPTION_KEY, on every replica.',
        ],
        err: [],
      }),
    );
    await withKeys([NEW], async (_, origin) =>
      expect(await rotate(origin, ADMIN_KEY)).toMatchObject({
        code: 1,
        out: ['0 sealed anew, 5 that no key opens.'],
        err: [expect.stringContaining('Keep every key')],
      }),
    );
  });

  it('needs the admin key of a server that is there', async () => {
    await withKeys([LOST], async (_, origin) =>
      expect(await rotate(origin, 'another key')).toMatchObject({ code: 1, err: [expect.stringContaining('401')] }),
    );
    expect(await rotate('http://127.0.0.1:1', ADMIN_KEY)).toMatchObject({ code: 1, out: [] });
    expect(await runCommand(['rotate-encryption-key'])).toMatchObject({
      code: 2,
      err: [expect.stringContaining('There is no admin key')],
    });
  });
});
