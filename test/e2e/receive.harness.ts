// What the specs of receiving share: an application with handlers on a real database, requests signed by the senders' own
// libraries, and the rows to look at.
import { Controller, Injectable, Module, Post, Req } from '@nestjs/common';
import type { INestApplication, NestApplicationOptions, Provider, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { sign } from '@octokit/webhooks-methods';
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import Stripe from 'stripe';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { newId } from '../../src/kernel/ids.js';
import { SecretBox } from '../../src/kernel/secret-box.js';
import { PosthornModule } from '../../src/posthorn.module.js';
import type { PosthornModuleExtras } from '../../src/composition.js';
import { cloneDatabase } from '../setup/database.js';
import { unhurried } from '../setup/unhurried.js';
import { eventually } from '../setup/eventually.js';

export const STRIPE_SECRET = 'whsec_ZmFrZSBidXQgcmVhbGlzdGlj';
export const GITHUB_SECRET = 'a-github-secret-of-this-test';
export const ADMIN_KEY = 'the-administrators-key-of-this-test';
export const ENCRYPTION_KEY = randomBytes(32).toString('base64');

const stripeSdk = new Stripe('sk_test_unused');

/** What the handlers of one application were given, and how they shall behave. */
@Injectable()
export class Behaviour {
  readonly seen: { handler: string; event: ReceivedEvent }[] = [];
  private readonly plans = new Map<string, (event: ReceivedEvent) => unknown>();

  /** From now on the handler does this. */
  plan(handler: string, act: (event: ReceivedEvent) => unknown): void {
    this.plans.set(handler, act);
  }

  act(handler: string, event: ReceivedEvent): unknown {
    this.seen.push({ handler, event });
    return this.plans.get(handler)?.(event);
  }

  /** The handlers that were run for the sender's event of this id, in order. */
  runsOf(externalId: string): string[] {
    return this.seen
      .filter(({ event }) => (event.data as { id?: string } | null)?.id === externalId)
      .map(({ handler }) => handler);
  }
}

@Injectable()
export class Payments {
  constructor(private readonly behaviour: Behaviour) {}

  @OnWebhook('stripe', 'payment.made')
  async bookPayment(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('book', event);
  }

  @OnWebhook('stripe', 'payment.*', { name: 'thank-customer' })
  async thankCustomer(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('thank', event);
  }

  @OnWebhook('queued', '*')
  async later(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('later', event);
  }

  @OnWebhook('github', 'pull_request.*')
  @OnWebhook('github', 'push')
  async onGithub(event: ReceivedEvent): Promise<void> {
    await this.behaviour.act('github', event);
  }
}

/** A host's own route beside ours, whose body is parsed as ever. */
@Controller()
export class ShopController {
  @Post('shop/webhooks/:id')
  echo(@Req() request: { body: unknown }): unknown {
    return { body: request.body };
  }

  @Post('webhooks/legacy')
  legacy(@Req() request: { body: unknown }): unknown {
    return { body: request.body };
  }
}

export interface Shop {
  readonly app: INestApplication;
  readonly url: string;
  readonly behaviour: Behaviour;
}

/** How a host differs from the plainest one. */
export interface ShopOptions {
  /** What a host does in its main.ts before it listens. */
  readonly prepare?: (app: NestExpressApplication) => void;
  readonly options?: NestApplicationOptions;
  readonly providers?: Provider[];
  readonly controllers?: Type[];
  readonly role?: 'all' | 'api';
  /** Kinds of sender that the host brings. */
  readonly webhookProviders?: PosthornModuleExtras['providers'];
  readonly operationalHooks?: PosthornModuleExtras['operationalHooks'];
  readonly publicUrl?: string;
  readonly inheritAppConfig?: boolean;
}

/** Starts an application that imports Posthorn. */
export async function startShop(
  databaseUrl: string,
  {
    prepare,
    options,
    providers = [],
    controllers = [],
    role = 'all',
    webhookProviders,
    operationalHooks,
    publicUrl,
    inheritAppConfig,
  }: ShopOptions = {},
): Promise<Shop> {
  @Module({
    imports: [
      PosthornModule.forRootAsync({
        providers: webhookProviders,
        operationalHooks,
        inheritAppConfig,
        useFactory: () => ({
          databaseUrl,
          publicUrl,
          role,
          encryptionKey: ENCRYPTION_KEY,
          adminApiKey: ADMIN_KEY,
          stripeWebhookSecret: [STRIPE_SECRET, 'whsec_b2xkZXI='],
          githubWebhookSecret: GITHUB_SECRET,
          shutdownTimeout: '5s',
        }),
      }),
    ],
    controllers: [ShopController, ...controllers],
    providers: [Behaviour, Payments, ...providers],
  })
  class ShopModule {}

  const testing = await Test.createTestingModule({ imports: [ShopModule] }).compile();
  const app = testing.createNestApplication<NestExpressApplication>({ logger: false, ...options });
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  unhurried(app);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, behaviour: app.get(Behaviour) };
}

/** An answer as its sender sees it. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** As a sender does that is told to come again: on a busy machine a copy may wait for longer than the 5 s that it is let. */
export async function untilTaken(send: () => Promise<Answered>): Promise<Answered> {
  const answer = await send();
  return answer.status === 409 || answer.status === 503 ? untilTaken(send) : answer;
}

/** Sends bytes as they are. */
export async function post(
  url: string,
  body: Buffer | string,
  headers: Record<string, string | undefined> = {},
): Promise<Answered> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(url, { method: 'POST', body, headers: given });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** Stripe's header, made by Stripe's library. */
export const stripeHeaders = (
  body: string,
  secret = STRIPE_SECRET,
  timestamp = nowSeconds(),
): Record<string, string> => ({
  'content-type': 'application/json',
  'stripe-signature': stripeSdk.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
});

/** GitHub's headers, signed by GitHub's library. */
export const githubHeaders = async (
  body: string,
  event: string,
  delivery: string = randomUUID(),
): Promise<Record<string, string>> => ({
  'content-type': 'application/json',
  'x-github-event': event,
  'x-github-delivery': delivery,
  'x-hub-signature-256': await sign(GITHUB_SECRET, body),
});

/** An event of Stripe as JSON, with an id that no other test uses. */
export function stripeEvent(type: string, more: object = {}): { id: string; body: string } {
  const id = `evt_${randomUUID()}`;
  return { id, body: JSON.stringify({ id, type, created: nowSeconds(), ...more }) };
}

/** Sends a Stripe event, signed. */
export const sendStripe = (shop: Shop, body: string, path = '/webhooks/stripe'): Promise<Answered> =>
  post(shop.url + path, body, stripeHeaders(body));

/** Asks our API as the administrator. */
export async function api(
  shop: Shop,
  path: string,
  init: { method?: string; body?: object; tenant?: string } = {},
): Promise<Answered> {
  const response = await fetch(`${shop.url}/api/${path}`, {
    method: init.method ?? 'GET',
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      ...(init.tenant && { 'x-tenant': init.tenant }),
      ...(init.body && { 'content-type': 'application/json' }),
    },
    ...(init.body && { body: JSON.stringify(init.body) }),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** The rows, for what no door shows: leases, the ledger, and the passing of time. */
export class Rows {
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 2 });
    this.pool.on('error', () => undefined);
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** A received event by the sender's id. */
  async event(
    externalId: string,
  ): Promise<{ id: string; status: string; conflict: boolean; headers: string; body: Buffer } | undefined> {
    const [row] = await this.query<{ id: string; status: string; conflict: boolean; headers: string; body: Buffer }>(
      'SELECT id, status, conflict, headers, body FROM posthorn.received_event WHERE external_id = $1 ORDER BY id DESC',
      [externalId],
    );
    return row;
  }

  async runs(
    externalId: string,
  ): Promise<
    { handler: string; status: string; attempt_count: number; error: string | null; due_in: number | null }[]
  > {
    return this.query(
      `SELECT r.handler, r.status, r.attempt_count, r.error, extract(epoch FROM r.due_at - now())::float8 AS due_in
       FROM posthorn.handler_run r JOIN posthorn.received_event e ON e.id = r.received_event_id
       WHERE e.external_id = $1 ORDER BY r.position`,
      [externalId],
    );
  }

  /** Keeps the rows that a statement locks locked until `count` others wait for locks; then lets all go at once. */
  async untilOthersWait(count: number, text: string, values: unknown[]): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(text, values);
      const waiting = `SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await eventually(async () => ((await this.query<{ n: number }>(waiting))[0]?.n ?? 0) >= count, 'others wait');
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  end(): Promise<void> {
    return this.pool.end();
  }
}

/** A source as it is stored. */
export interface NewSource {
  readonly name: string;
  readonly tenant?: string;
  /** @defaultValue `stripe` */
  readonly provider?: string;
  /** Newest last. @defaultValue Stripe's */
  readonly secrets?: readonly string[];
  readonly config?: object;
  readonly processing?: 'inline' | 'queued';
  readonly maxBodyBytes?: number;
  readonly toleranceSeconds?: number;
}

/** Stores a source as the API will, since no environment variable makes it. */
export async function addSource(rows: Rows, source: NewSource): Promise<void> {
  const { name, tenant = 'default', provider = 'stripe', processing = 'inline', maxBodyBytes = null } = source;
  const { secrets = [STRIPE_SECRET], config = {}, toleranceSeconds = null } = source;
  const id = newId();
  const box = new SecretBox([Buffer.from(ENCRYPTION_KEY, 'base64')]);
  await rows.query('INSERT INTO posthorn.tenant (id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING', [tenant]);
  await rows.query(
    `INSERT INTO posthorn.source (id, tenant_id, name, provider, processing, max_body_bytes, config, tolerance_seconds)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, tenant, name, provider, processing, maxBodyBytes, config, toleranceSeconds],
  );
  for (const secret of secrets) {
    const secretId = newId();
    await rows.query(
      'INSERT INTO posthorn.source_secret (id, tenant_id, source_id, ciphertext, hint) VALUES ($1, $2, $3, $4, $5)',
      [secretId, tenant, id, box.seal(secret, secretId), '…'],
    );
  }
}

/** A shop on a database of its own, and the rows behind it. */
export interface Scene {
  readonly databaseUrl: string;
  readonly rows: Rows;
  readonly shop: Shop;
  close(): Promise<void>;
}

/** Opens a scene that has these sources besides those of the environment. */
export async function openScene(sources: readonly NewSource[] = [], options: ShopOptions = {}): Promise<Scene> {
  const { url: databaseUrl } = await cloneDatabase();
  const rows = new Rows(databaseUrl);
  const shop = await startShop(databaseUrl, options);
  for (const source of sources) await addSource(rows, source);
  const close = async (): Promise<void> => {
    await shop.app.close();
    await rows.end();
  };
  return { databaseUrl, rows, shop, close };
}

/** The answers to verified and unverified webhooks, to the last key. */
export const EXACT: Record<string, { status: number; body: unknown }> = {
  processed: { status: 200, body: { status: 'processed' } },
  already: { status: 200, body: { status: 'already_processed' } },
  accepted: { status: 202, body: { status: 'accepted' } },
  invalid: { status: 401, body: { error: 'Invalid signature' } },
  notJson: { status: 400, body: { error: 'Not JSON' } },
  inProgress: { status: 409, body: { error: 'In progress' } },
  failed: { status: 500, body: { error: 'Processing failed' } },
};

export const answerOf = ({ status, body }: Answered): { status: number; body: unknown } => ({ status, body });

export const fail = (): never => {
  throw new Error('the books are closed');
};

/** A promise and its end, to hold a handler at a point. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
