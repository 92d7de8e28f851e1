// Secrets are nowhere that they need not be: a server does all that it can do with them, well and badly, at the most talkative
// log level; then everything that it printed, answered, stored and sent to a collector, its queues and its metrics included, is searched.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { newSecretPair, SIGNED_PROVIDERS, signedRequest } from '../../src/testing/index.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';
import { ensureBuiltOnce, ServerProcess } from '../setup/server-process.js';
import { SpanCollector } from '../setup/span-collector.js';

const word = (): string => randomBytes(24).toString('base64url');

/** Name and text of everything that must not be found. */
const secrets = new Map<string, string>();
const secret = (name: string, text: string): string => {
  secrets.set(name, text);
  return text;
};

/** What the API answered, but for the answers whose business it is to show a secret. */
const answered: string[] = [];

let server: ServerProcess;
let url: string;
let receiver: TestReceiver;
let collector: SpanCollector;
let sql: pg.Client;
const adminKey = secret('the admin key', word());

async function call<Body = Record<string, unknown>>(
  method: string,
  target: string,
  {
    body,
    key = adminKey,
    reveals = false,
    headers = {},
  }: { body?: unknown; key?: string; reveals?: boolean; headers?: object } = {},
): Promise<{ status: number; body: Body }> {
  const response = await fetch(url + target, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!reveals) answered.push(text, JSON.stringify([...response.headers]));
  return { status: response.status, body: (text && JSON.parse(text)) as Body };
}

/** What stands in the query of a webhook’s URL. */
const urlToken = word();

const sourceSecret = secret('a secret of a source of the environment', word());

beforeAll(async () => {
  await ensureBuiltOnce();
  const { url: databaseUrl } = await cloneDatabase();
  receiver = await TestReceiver.start();
  collector = await SpanCollector.start();
  sql = new pg.Client(databaseUrl);
  await sql.connect();
  server = new ServerProcess({
    DATABASE_URL: databaseUrl,
    ADMIN_API_KEY: adminKey,
    ENCRYPTION_KEY: secret('the encryption key', randomBytes(32).toString('base64')),
    STRIPE_WEBHOOK_SECRET: secret('Stripe’s secret', `whsec_${word()}`),
    SOURCES: JSON.stringify([{ name: 'declared', provider: 'github', secrets: [sourceSecret] }]),
    LOG_LEVEL: 'verbose',
    ALLOW_HTTP: 'true',
    ALLOW_NETWORKS: '127.0.0.0/8',
    RETRY_SCHEDULE: '1ms',
    METRICS_PUBLIC: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${secret('a credential for the collector', word())}`,
  });
  url = await server.url();
});
afterAll(async () => {
  await server?.stop();
  await sql?.end();
  await receiver?.close();
  await collector?.close();
});

/** Webhooks with all kinds of secrets: made, repeated, refused, changed, rotated, sent to, failed. */
async function useWebhooks(): Promise<void> {
  const token = secret('the value of a custom header', word());
  const shared = secret('a secret that was given', `whsec_${randomBytes(32).toString('base64')}`);
  const foreign = secret('a secret of another system', word());
  const password = secret('a password', word());
  const authentication = { type: 'basic', username: 'posthorn', password };
  secret('a user and password', Buffer.from(`posthorn:${password}`).toString('base64'));
  const fields = {
    // Receivers' own secrets in a URL are shown to their tenant, and are in no trace.
    url: `${receiver.url}?token=${urlToken}`,
    events: ['order.*'],
    headers: { 'X-Api-Token': token },
    authentication,
    secret: shared,
  };
  const headers = { 'idempotency-key': randomUUID() };
  const made = await call<{ id: string; secret: string }>('POST', '/api/webhooks', {
    body: fields,
    headers,
    reveals: true,
  });
  expect([made.status, made.body.secret]).toEqual([201, shared]);
  await call('POST', '/api/webhooks', { body: fields, headers });
  await call('POST', '/api/webhooks', { body: { ...fields, url: 'http://169.254.169.254/' } });
  await call('POST', '/api/webhooks', { body: { ...fields, secret: `${shared} ` } });
  await call('POST', '/api/webhooks', { body: { ...fields, headers: { 'X-Bad\n': token } } });
  await call('POST', '/api/webhooks', { body: { ...fields, authentication: { ...authentication, type: 'bearer' } } });
  const path = `/api/webhooks/${made.body.id}`;
  await call('PATCH', path, { body: { headers: { 'X-Api-Token': secret('its next value', word()) } } });
  for (const body of [{ secret: foreign }, { signatureScheme: 'ed25519' }, {}]) {
    const rotated = await call<{ secret: string | null }>('POST', `${path}/secrets`, {
      body,
      headers: { 'idempotency-key': randomUUID() },
      reveals: true,
    });
    expect(rotated.status).toBe(201);
    if (rotated.body.secret) secret(`a rotated secret (${JSON.stringify(Object.keys(body))})`, rotated.body.secret);
  }
  receiver.answers(500);
  const event = await call<{ id: string }>('POST', '/api/events', { body: { event: 'order.paid', data: { n: 1 } } });
  await receiver.next();
  const request = await receiver.next();
  for (const name of ['x-webhook-signature', 'webhook-signature'])
    for (const [n, signature] of String(request.headers[name]).split(' ').entries())
      secret(`signature ${n} of ${name}`, signature.replace(/^(sha256=|v1a?,)/, ''));
  await eventually(async () => {
    const { body } = await call<{ deliveries: { id: string; status: string }[] }>(
      'GET',
      `/api/events/${event.body.id}`,
    );
    const [delivery] = body.deliveries;
    await call('GET', `/api/deliveries/${delivery!.id}`);
    return delivery!.status === 'success';
  }, 'it is delivered at the second attempt');
  for (const target of ['/api/webhooks', path, '/api/deliveries', '/api/events', '/api/event-types'])
    await call('GET', target);
  await call('POST', `${path}/test`);
  await receiver.next();
  await call('POST', '/api/encryption/re-encrypt');
}

/** API keys: made, used, refused, revoked. */
async function useKeys(): Promise<void> {
  const body = { name: 'CI', scopes: ['events:write', 'webhooks:read'] };
  const headers = { 'idempotency-key': randomUUID() };
  const made = await call<{ id: string; key: string }>('POST', '/api/api-keys', { body, headers, reveals: true });
  expect(made.status).toBe(201);
  const key = secret('an API key', made.body.key);
  await call('POST', '/api/api-keys', { body, headers });
  await call('GET', '/api/webhooks', { key });
  await call('DELETE', '/api/webhooks/none', { key });
  await call('GET', '/api/webhooks', { key: secret('a key that nobody has', `phk_${word()}`) });
  await call('GET', `/api/webhooks?api_key=${key}`, { key: '' });
  await call('DELETE', `/api/api-keys/${made.body.id}`);
  await call('GET', '/api/webhooks', { key });
  await call('GET', '/api/api-keys');
}

/** A source of every provider: sent to with the right secret, with a wrong one and with garbage. */
async function useSources(): Promise<void> {
  for (const provider of SIGNED_PROVIDERS) {
    const pair = newSecretPair(provider);
    const stranger = newSecretPair(provider);
    secret(`what a source of ${provider} is given`, pair.secret);
    secret(`what ${provider} signs with`, pair.signWith);
    secret(`what a stranger signs with as ${provider}`, stranger.signWith);
    const config = provider === 'meta' ? { verifyToken: 'the-token-we-chose' } : {};
    const name = `of-${provider}`;
    const body = { name, provider, secrets: [pair.secret], config, toleranceSeconds: 3_600 };
    expect((await call('POST', '/api/sources', { body })).status).toBe(201);
    for (const { signWith } of [pair, stranger]) {
      const signed = signedRequest(provider, {
        secret: signWith,
        url: `${url}/webhooks/${name}`,
        body: { id: randomUUID(), webhookTimestamp: Date.now() },
      });
      const headers = signed.headers as Record<string, string>;
      const response = await fetch(signed.url, { method: 'POST', headers, body: signed.body });
      answered.push(await response.text());
      expect([provider, response.status]).toEqual([provider, signWith === pair.signWith ? 200 : 401]);
    }
    await call('POST', `/api/sources/${name}/secrets`, {
      body: { secret: secret(`the next secret of ${provider}`, newSecretPair(provider).secret) },
    });
    await call('GET', `/api/sources/${name}`);
  }
  for (const target of [
    '/api/sources',
    '/api/received-events?limit=250',
    '/api/rejections',
    '/api/audit-log?limit=250',
  ])
    await call('GET', target);
  const { body } = await call<{ data: { id: string }[] }>('GET', '/api/received-events?limit=250');
  expect(body.data.length).toBe(SIGNED_PROVIDERS.length);
  for (const { id } of body.data) await call('GET', `/api/received-events/${id}`);
}

/** A secret as it might stand somewhere: as text, inside JSON or a URL, as the bytes of a column, as the key that it stands for. */
function spellings(text: string): string[] {
  const bytes = Buffer.from(text);
  const key = Buffer.from(text.replace(/^(v1,)?wh(sec|sk)_/, ''), 'base64');
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    ...(key.length >= 18 ? [key.toString('hex'), key.toString('base64url')] : []),
  ];
}

/** The names of the secrets that stand in a text. */
const foundIn = (text: string): string[] =>
  [...secrets].filter(([, each]) => spellings(each).some((spelling) => text.includes(spelling))).map(([name]) => name);

/** Every row of every table, bytes as hex. */
async function everythingStored(): Promise<Map<string, string>> {
  const { rows: tables } = await sql.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const stored = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await sql.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    if (rows.length > 0) stored.set(name, rows.map(({ row }) => row).join('\n'));
  }
  return stored;
}

describe('of the secrets that a server was told and made', () => {
  beforeAll(async () => {
    await useWebhooks();
    await useKeys();
    await useSources();
  });

  it('none is in what it printed', () => {
    expect(server.output).toContain('listens at');
    expect(foundIn(server.output)).toEqual([]);
  });

  it('none is in what it answered, but for those that are shown once', () => {
    expect(answered.length).toBeGreaterThan(100);
    expect(foundIn(answered.join('\n'))).toEqual([]);
  });

  it('none is in the database', async () => {
    const stored = await everythingStored();
    for (const table of [
      'webhook',
      'webhook_secret',
      'delivery_attempt',
      'received_event',
      'audit_log',
      'idempotency_key',
    ])
      expect([...stored.keys()]).toContainEqual(expect.stringContaining(table));
    expect([...stored].map(([table, text]) => [table, foundIn(text)]).filter(([, found]) => found!.length > 0)).toEqual(
      [],
    );
  });

  it('none is in the metrics', async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('posthorn_rejected_requests_total');
    expect(foundIn(text)).toEqual([]);
  });

  it('none is in the traces', async () => {
    const names = ['posthorn attempt', 'posthorn dispatch', 'posthorn receive'];
    await eventually(
      () => names.every((name) => collector.spans.some((span) => span.name === name)),
      'the collector has got spans of all that was done',
    );
    const text = collector.bodies.join('\n');
    expect([foundIn(text), text.includes(urlToken)]).toEqual([[], false]);
  });

  it('would be found, however they are spelt', () => {
    const [name, text] = [...secrets].find(([key]) => key === 'a secret that was given')!;
    const key = Buffer.from(text.slice('whsec_'.length), 'base64');
    for (const spelt of [
      text,
      Buffer.from(text).toString('hex'),
      `\\x00${key.toString('hex')}`,
      encodeURIComponent(text),
    ])
      expect(foundIn(`before ${spelt} after`)).toEqual([name]);
  });
});
