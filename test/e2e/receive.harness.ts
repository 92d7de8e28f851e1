// An application that receives, with handlers that do what a test says: shared by the specs of receiving.
import { afterAll, beforeAll } from '@jest/globals';
import { Controller, Injectable, Module, Post, Req } from '@nestjs/common';
import type { INestApplication, NestApplicationOptions, Provider, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { OnWebhook } from '../../src/inbound/index.js';
import type { ReceivedEvent } from '../../src/inbound/index.js';
import { PosthornModule } from '../../src/posthorn.module.js';
import type { PosthornModuleExtras } from '../../src/composition.js';
import { cloneDatabase } from '../setup/database.js';
import { closedWithItsFile } from '../setup/left-open.js';
import { unhurried } from '../setup/unhurried.js';
import { addSource, ENCRYPTION_KEY, Rows } from './received-rows.harness.js';
import type { NewSource } from './received-rows.harness.js';
import { GITHUB_SECRET, post, STRIPE_SECRET, stripeHeaders } from './sender.harness.js';
import type { Answered } from './sender.harness.js';

export const ADMIN_KEY = 'the-administrators-key-of-this-test';

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
  const app = closedWithItsFile(testing.createNestApplication<NestExpressApplication>({ logger: false, ...options }));
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  unhurried(app);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, behaviour: app.get(Behaviour) };
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

/** A scene that all tests of a file share: there from their first to their last. */
export abstract class SharedScene implements Omit<Scene, 'close'> {
  private opened: Scene | undefined;

  protected constructor(open: () => Promise<Scene>) {
    beforeAll(async () => {
      this.opened = await open();
    });
    afterAll(() => this.opened?.close());
  }

  get shop(): Shop {
    return this.scene.shop;
  }

  get rows(): Rows {
    return this.scene.rows;
  }

  get databaseUrl(): string {
    return this.scene.databaseUrl;
  }

  private get scene(): Scene {
    if (!this.opened) throw new Error('The scene is not open.');
    return this.opened;
  }
}

export const fail = (): never => {
  throw new Error('the books are closed');
};

/** A promise and its end, to hold a handler at a point. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
