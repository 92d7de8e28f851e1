// Where our routes are is the application's to say: elsewhere, in part, behind guards of its own, or in an application apart.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Catch, Injectable, UnauthorizedException } from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  INestApplication,
  ModuleMetadata,
  NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, RouterModule } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import Stripe from 'stripe';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import {
  ApiRoutes,
  DashboardModule,
  EventDispatcher,
  OnWebhook,
  PosthornModule,
  ReceivingRoutes,
} from '../../src/index.js';
import type { PosthornModuleExtras, ReceivedEvent } from '../../src/index.js';
import { chromiumMissing, TestBrowser } from '../setup/browser.js';
import { cloneDatabase } from '../setup/database.js';
import { TestReceiver } from '../setup/receiver.js';
import { ensureBuiltOnce } from '../setup/server-process.js';
import { ADMIN_KEY, callHost, createHostOf, hostSettings, listen } from './host.harness.js';

const STRIPE_SECRET = 'whsec_of_the_host';

@Injectable()
class Payments {
  readonly seen: string[] = [];

  @OnWebhook('stripe', 'payment_intent.*')
  onPayment(event: ReceivedEvent<{ id: string }>): void {
    this.seen.push(event.data.id);
  }
}

const open: INestApplication[] = [];
let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await TestReceiver.start();
});
afterEach(async () => {
  for (const host of open.splice(0).reverse()) await host.close();
});
afterAll(() => receiver.close());

/** An application with everything of ours, the page too. */
async function create(extras: PosthornModuleExtras = {}, own: ModuleMetadata = {}): Promise<INestApplication> {
  const { url } = await cloneDatabase();
  const posthorn = PosthornModule.forRoot({ ...hostSettings(url), stripeWebhookSecret: STRIPE_SECRET, ...extras });
  const host = await createHostOf({
    ...own,
    imports: [...(own.imports ?? []), posthorn, DashboardModule.register(posthorn)],
    providers: [Payments, ...(own.providers ?? [])],
  });
  open.push(host);
  return host;
}

/** A payment as Stripe signs it, in spacing that no JSON writer makes: what was parsed and written again would not verify. */
async function pay(url: string, id: string, headers: Record<string, string> = {}) {
  const payload = `{ "id": "${id}",  "type": "payment_intent.succeeded" }\n`;
  const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret: STRIPE_SECRET });
  const answer = await fetch(url, {
    method: 'POST',
    body: payload,
    headers: { 'content-type': 'application/json', 'stripe-signature': signature, ...headers },
  });
  return { status: answer.status, body: await answer.json() };
}

const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(url, { headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers }, redirect: 'manual' })).status;

const PROCESSED = { status: 200, body: { status: 'processed' } };

describe('moved by RouterModule', () => {
  const moves = RouterModule.register([
    { path: 'integrations', children: [ApiRoutes, DashboardModule] },
    { path: 'in', module: ReceivingRoutes },
  ]);

  it.each([
    ['', (_: INestApplication) => undefined],
    ['/v9', (host: INestApplication) => void host.setGlobalPrefix('v9')],
  ])('all of it is where the application says, and nowhere else, below the global prefix “%s”', async (prefix, set) => {
    const host = await create({}, { imports: [moves] });
    set(host);
    const url = await listen(host);
    const api = `${url}${prefix}/integrations`;

    const created = await callHost(api, 'POST', '/api/webhooks', { url: receiver.url, events: ['moved.*'] });
    expect(created.status).toBe(201);
    await host.get(EventDispatcher).dispatch('moved.once', {});
    expect((await receiver.next()).headers['x-webhook-event']).toBe('moved.once');
    expect(await pay(`${url}${prefix}/in/webhooks/stripe`, 'evt_moved')).toEqual(PROCESSED);
    expect(host.get(Payments).seen).toEqual(['evt_moved']);

    expect(await statusOf(`${api}/dashboard`)).toBe(308);
    for (const path of ['/api/webhooks', '/dashboard', '/webhooks/stripe'])
      expect([path, await statusOf(url + prefix + path)]).toEqual([path, 404]);
    expect((await pay(`${url}${prefix}/webhooks/stripe`, 'evt_old')).status).toBe(404);
  });

  it('what is generated follows: the link for a customer, and the document of the API', async () => {
    const host = await create({}, { imports: [moves] });
    const url = await listen(host);
    const link = await callHost<{ url: string }>(`${url}/integrations`, 'POST', '/api/portal-sessions', {});
    expect(link.body.url).toMatch(new RegExp(`^${url}/integrations/dashboard/#`));
    const { paths } = SwaggerModule.createDocument(host, new DocumentBuilder().build());
    const ours = Object.keys(paths).filter((path) => /\/api\//.test(path));
    expect(ours).toContain('/integrations/api/webhooks/{id}');
    expect(ours.filter((path) => !path.startsWith('/integrations/api/'))).toEqual([]);
  });

  const missing = chromiumMissing();
  (missing ? it.skip : it)(
    `the page finds its API${missing ? `: ${missing}` : ''}`,
    async () => {
      await ensureBuiltOnce();
      const host = await create({}, { imports: [moves] });
      const url = await listen(host);
      const browser = await TestBrowser.start();
      try {
        const page = await browser.tab(url);
        await page.goto(`${url}/integrations/dashboard/`);
        await page.getByLabel('API key').fill(ADMIN_KEY);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
        expect(browser.complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    300_000,
  );
});

it('a global prefix that leaves senders out of it leaves them their path, and the bytes that they signed', async () => {
  const host = await create();
  host.setGlobalPrefix('v9', { exclude: ['webhooks/*path'] });
  const url = await listen(host);
  expect(await pay(`${url}/webhooks/stripe`, 'evt_excluded')).toEqual(PROCESSED);
  expect(await statusOf(`${url}/v9/api/webhooks`)).toBe(200);
  expect(await statusOf(`${url}/api/webhooks`)).toBe(404);
});

describe('removed', () => {
  it('senders are answered, and nobody manages anything', async () => {
    const url = await listen(await create({ controllers: { api: false } }));
    expect(await pay(`${url}/webhooks/stripe`, 'evt_alone')).toEqual(PROCESSED);
    for (const path of ['/api/webhooks', '/api/received-events', '/api/tenants'])
      expect([path, await statusOf(url + path)]).toEqual([path, 404]);
  });

  it('what came in can be managed, and nothing comes in', async () => {
    const url = await listen(await create({ controllers: { receiving: false } }));
    expect((await pay(`${url}/webhooks/stripe`, 'evt_nowhere')).status).toBe(404);
    expect(await statusOf(`${url}/api/received-events`)).toBe(200);
  });
});

describe('guarded by the application', () => {
  /** Who may in, told by a header that only its gateway sets. */
  @Injectable()
  class Doors {
    admits(context: ExecutionContext, door: string): boolean {
      return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-door'] === door;
    }
  }

  @Injectable()
  class StaffOnly implements CanActivate {
    constructor(private readonly doors: Doors) {}

    canActivate(context: ExecutionContext): Promise<boolean> {
      return Promise.resolve(this.doors.admits(context, 'staff'));
    }
  }

  @Injectable()
  class GatewayOnly implements CanActivate {
    constructor(private readonly doors: Doors) {}

    canActivate(context: ExecutionContext): Observable<boolean> {
      if (this.doors.admits(context, 'nobody')) throw new UnauthorizedException('Nobody has a door.');
      return of(this.doors.admits(context, 'gateway'));
    }
  }

  it('each kind of route has its own, before ours, and the application’s other routes have none', async () => {
    const host = await create({
      imports: [{ module: class DoorsModule {}, providers: [Doors], exports: [Doors] }],
      guards: { api: [StaffOnly], receiving: [GatewayOnly], dashboard: [{ useValue: { canActivate: () => false } }] },
    });
    const url = await listen(host);
    const forbidden = await callHost(url, 'GET', '/api/webhooks');
    expect(forbidden).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await statusOf(`${url}/api/webhooks`, { 'x-door': 'staff' })).toBe(200);
    // It lets in; who asks is ours to know still.
    expect(await statusOf(`${url}/api/webhooks`, { 'x-door': 'staff', authorization: 'Bearer wrong' })).toBe(401);

    expect(await pay(`${url}/webhooks/stripe`, 'evt_1')).toEqual({
      status: 403,
      body: { error: 'Forbidden resource' },
    });
    expect(await pay(`${url}/webhooks/stripe`, 'evt_2', { 'x-door': 'nobody' })).toEqual({
      status: 401,
      body: { error: 'Nobody has a door.' },
    });
    expect(await pay(`${url}/webhooks/stripe`, 'evt_3', { 'x-door': 'gateway' })).toEqual(PROCESSED);
    expect(host.get(Payments).seen).toEqual(['evt_3']);
    expect(await statusOf(`${url}/dashboard/`)).toBe(403);
  });
});

describe('an application of its own, mounted under a path', () => {
  @Injectable()
  class Closed implements CanActivate {
    canActivate = (): boolean => false;
  }

  @Injectable()
  class Envelope implements NestInterceptor {
    intercept = (_: ExecutionContext, next: CallHandler): Observable<unknown> => (next.handle(), of('wrapped'));
  }

  @Catch()
  class Everything implements ExceptionFilter {
    catch(_: unknown, host: ArgumentsHost): void {
      host.switchToHttp().getResponse<{ status(code: number): { json(body: unknown): void } }>().status(418).json({});
    }
  }

  it('is touched by nothing global, and its dispatcher injects in the other', async () => {
    const posthorn = await create();
    await posthorn.init();
    const shop = await createHostOf({
      providers: [
        { provide: EventDispatcher, useValue: posthorn.get<EventDispatcher>(EventDispatcher) },
        { provide: APP_GUARD, useClass: Closed },
        { provide: APP_INTERCEPTOR, useClass: Envelope },
        { provide: APP_FILTER, useClass: Everything },
      ],
    });
    open.push(shop);
    shop.setGlobalPrefix('v9');
    shop.use('/hooks', posthorn.getHttpAdapter().getInstance());
    const url = await listen(shop, posthorn);

    const created = await callHost(`${url}/hooks`, 'POST', '/api/webhooks', { url: receiver.url, events: ['apart.*'] });
    expect(created).toMatchObject({ status: 201, body: { url: receiver.url } });
    expect(await pay(`${url}/hooks/webhooks/stripe`, 'evt_apart')).toEqual(PROCESSED);
    await shop.get(EventDispatcher).dispatch('apart.once', {});
    expect((await receiver.next()).headers['x-webhook-event']).toBe('apart.once');
    const link = await callHost<{ url: string }>(`${url}/hooks`, 'POST', '/api/portal-sessions', {});
    expect(link.body.url).toMatch(new RegExp(`^${url}/hooks/dashboard/#`));
    expect(await statusOf(`${url}/hooks/dashboard/`)).not.toBe(418);
    expect(await statusOf(`${url}/v9/anything`)).toBe(418);
  });
});
