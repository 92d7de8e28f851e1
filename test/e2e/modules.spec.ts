// The modules one by one: what each is alone in an application, and what several of them share.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { INestApplication, InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { DeliveryEngine } from '../../src/delivery/delivery-engine.js';
import {
  DeliveryModule,
  EventDispatcher,
  InboundModule,
  OnWebhook,
  OutboundModule,
  PosthornModule,
  RegistryModule,
} from '../../src/index.js';
import type { Description, PosthornModuleOptions, Provider, ReceivedEvent, Verdict } from '../../src/index.js';
import { DATA_SOURCE, Database } from '../../src/platform/database/index.js';
import { Queues } from '../../src/platform/queue/queues.js';
import { cloneDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { TestReceiver } from '../setup/receiver.js';

const ADMIN_KEY = 'admin-key-of-the-host-app';

/** A kind of sender that nobody else has: every request is genuine that names the source's secret. */
class Acme implements Provider {
  readonly name = 'acme';
  readonly sendsJson = true;

  verify(...[{ headers }, secrets]: Parameters<Provider['verify']>): Verdict {
    const known = secrets.some((secret) => secret.reveal() === headers['x-acme-key']);
    return known ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  }

  describe(_: unknown, data: unknown): Description {
    return { externalId: (data as { id: string }).id, type: 'order.made' };
  }
}

@Injectable()
class Orders {
  readonly made: unknown[] = [];

  @OnWebhook('acme', 'order.made')
  onMade(event: ReceivedEvent): void {
    this.made.push(event.data);
  }
}

type Api = <Body = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: Body }>;

let options: PosthornModuleOptions;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  options = {
    databaseUrl: (await cloneDatabase()).url,
    databasePool: 5,
    encryptionKey: randomBytes(32).toString('base64'),
    adminApiKey: ADMIN_KEY,
    retrySchedule: ['10ms'],
    allowHttp: true,
    allowNetworks: ['127.0.0.0/8'],
    shutdownTimeout: '1s',
    providers: [Acme],
  };
});
afterEach(async () => {
  for (const app of open.splice(0).reverse()) await app.close();
});

/** A team's own application with these modules and nothing else of ours. */
async function start(
  imports: ModuleMetadata['imports'],
  providers: Type[] = [],
): Promise<{ app: INestApplication; api: Api }> {
  @Module({ imports, providers })
  class HostModule {}
  const app = await NestFactory.create(HostModule, { logger: false, abortOnError: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
  const api: Api = async <Body>(method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  return { app, api };
}

async function receiver(): Promise<TestReceiver> {
  const made = await TestReceiver.start();
  open.push(made);
  return made;
}

const LISTS = {
  registry: ['/api/webhooks', '/api/event-types', '/api/sources'],
  access: ['/api/tenants', '/api/api-keys', '/api/audit-log'],
  delivery: ['/api/deliveries'],
  outbound: ['/api/events'],
  inbound: ['/api/received-events'],
};

/** Every list of the API that this application answers. */
async function listsOf(api: Api): Promise<string[]> {
  const answers = await Promise.all(
    Object.values(LISTS)
      .flat()
      .map(async (path) => ({ path, ...(await api('GET', path)) })),
  );
  // One that is not there is answered by the host, in its own way.
  for (const { status, body } of answers) if (status !== 200) expect(body.message).toMatch(/^Cannot GET/);
  return answers.filter(({ status }) => status === 200).map(({ path }) => path);
}

const ACME_SOURCE = { name: 'acme', provider: 'acme', secrets: ['the-key-of-acme'] };
const webhookOfAcme = (api: Api, id: string) =>
  api('POST', '/webhooks/acme', { id, total: 7 }, { 'x-acme-key': 'the-key-of-acme' });

describe('InboundModule alone', () => {
  it('receives from a provider of one’s own, runs handlers, and has no route of sending', async () => {
    const { app, api } = await start([InboundModule.forRoot(options)], [Orders]);
    expect(await api('POST', '/api/sources', ACME_SOURCE)).toMatchObject({ status: 201 });
    expect(await webhookOfAcme(api, 'o-1')).toEqual({ status: 200, body: { status: 'processed' } });
    expect(await webhookOfAcme(api, 'o-1')).toEqual({ status: 200, body: { status: 'already_processed' } });
    const forged = await api('POST', '/webhooks/acme', { id: 'o-2' }, { 'x-acme-key': 'another' });
    expect(forged).toEqual({ status: 401, body: { error: 'Invalid signature' } });
    expect(app.get(Orders).made).toEqual([{ id: 'o-1', total: 7 }]);
    expect(await api('GET', '/api/sources/acme/rejections')).toMatchObject({ status: 200 });
    expect(await listsOf(api)).toEqual(['/api/sources', ...LISTS.access, ...LISTS.inbound]);
    expect(await api('POST', '/api/webhooks', { url: 'https://example.com', events: ['*'] })).toMatchObject({
      status: 404,
    });
  });

  it('refuses a source that relays, and says what to import', async () => {
    const { api } = await start([InboundModule.forRoot(options)]);
    const refusal = { status: 400, body: { code: 'invalid_source', error: expect.stringContaining('OutboundModule') } };
    expect(await api('POST', '/api/sources', { ...ACME_SOURCE, relay: true })).toMatchObject(refusal);
    expect(await api('POST', '/api/sources', ACME_SOURCE)).toMatchObject({ status: 201 });
    expect(await api('PATCH', '/api/sources/acme', { relay: true })).toMatchObject(refusal);
    await expect(
      start([InboundModule.forRoot({ ...options, sources: [{ ...ACME_SOURCE, relay: true }] })]),
    ).rejects.toThrow('OutboundModule');
  });

  it('sends nothing: what waits on its database is left to an application that sends', async () => {
    const target = await receiver();
    const sender = await start([OutboundModule.forRoot({ ...options, role: 'api' })]);
    await sender.api('POST', '/api/webhooks', { url: target.url, events: ['order.made'] });
    const receiving = await start([InboundModule.forRoot(options)], [Orders]);
    await sender.app.get(EventDispatcher).dispatch('order.made', {});
    await receiving.api('POST', '/api/sources', ACME_SOURCE);
    await webhookOfAcme(receiving.api, 'o-1');
    const { body } = await sender.api<{ data: { status: string }[] }>('GET', '/api/deliveries');
    expect(body.data.map(({ status }) => status)).toEqual(['pending']);

    await start([DeliveryModule.forRoot({ ...options })]);
    await target.next();
  });
});

describe('OutboundModule alone', () => {
  it('manages webhooks, dispatches and delivers, and receives nothing', async () => {
    const target = await receiver();
    const { app, api } = await start([OutboundModule.forRoot(options)]);
    expect(await api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] })).toMatchObject({ status: 201 });
    await app.get(EventDispatcher).dispatch('order.made', { id: 'o-1' });
    await api('POST', '/api/events', { event: 'order.paid', data: { id: 'o-1' } });
    const sent = [await target.next(), await target.next()].map(({ body }) => JSON.parse(body.toString()) as object);
    expect(sent).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'order.made' }),
        expect.objectContaining({ event: 'order.paid' }),
      ]),
    );
    await eventually(async () => {
      const { body } = await api<{ data: { status: string }[] }>('GET', '/api/deliveries');
      return body.data.filter(({ status }) => status === 'success').length === 2;
    }, 'both deliveries are logged');
    expect(await listsOf(api)).toEqual([
      '/api/webhooks',
      '/api/event-types',
      ...LISTS.access,
      ...LISTS.delivery,
      ...LISTS.outbound,
    ]);
    expect(await webhookOfAcme(api, 'o-1')).toMatchObject({ status: 404, body: { message: expect.any(String) } });
  });
});

describe('RegistryModule alone', () => {
  it('manages webhooks and sources for other applications, and neither sends nor receives', async () => {
    const { api } = await start([RegistryModule.forRoot(options)]);
    expect(await api('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['*'] })).toMatchObject({
      status: 201,
    });
    // Others may send what it lets pass on.
    expect(await api('POST', '/api/sources', { ...ACME_SOURCE, relay: true })).toMatchObject({ status: 201 });
    expect(await listsOf(api)).toEqual([...LISTS.registry, ...LISTS.access]);
    expect(await webhookOfAcme(api, 'o-1')).toMatchObject({ status: 404, body: { message: expect.any(String) } });
  });

  it('enabling forgets the failures that another application counted', async () => {
    const [failing, well] = [await receiver(), await receiver()];
    failing.always(500);
    const sending = { ...options, retrySchedule: [], autoDisable: '0s,2' as const };
    const { app, api: sender } = await start([OutboundModule.forRoot(sending)]);
    const { api } = await start([RegistryModule.forRoot(options)]);
    const { body: webhook } = await api('POST', '/api/webhooks', { url: failing.url, events: ['order.made'] });
    await api('POST', '/api/webhooks', { url: well.url, events: ['order.paid'] });
    const read = async () => (await api('GET', `/api/webhooks/${webhook.id as string}`)).body;
    const ended = async (event: string) => {
      const { id } = await app.get(EventDispatcher).dispatch(event, {});
      await eventually(async () => {
        const { body } = await sender<{ data: { eventId: string; status: string }[] }>('GET', '/api/deliveries');
        return body.data.some(({ eventId, status }) => eventId === id && /failed|success/.test(status));
      }, `${event} is sent`);
    };
    for (let n = 0; n < 2; n += 1) await ended('order.made');
    await eventually(async () => (await read()).active === false, 'it is disabled');
    await api('POST', `/api/webhooks/${webhook.id as string}/enable`);
    await ended('order.made');
    // What is sent behind it is settled, and acted upon, behind it.
    await ended('order.paid');
    expect(await read()).toMatchObject({ active: true });
  });

  it('registers no URL where a challenge is asked for: it cannot send one', async () => {
    const { api } = await start([RegistryModule.forRoot({ ...options, ownershipChallenge: true })]);
    expect(await api('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['*'] })).toMatchObject({
      status: 400,
      body: { code: 'ownership_unproven' },
    });
  });
});

describe('DeliveryModule alone', () => {
  it('has the delivery log and sends what others dispatch', async () => {
    const target = await receiver();
    const others = await start([OutboundModule.forRoot({ ...options, role: 'api' })]);
    await others.api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] });
    const { api } = await start([DeliveryModule.forRoot(options)]);
    await others.app.get(EventDispatcher).dispatch('order.made', {});
    await target.next();
    const sent = await eventually(async () => {
      const { body } = await api<{ data: { id: string; status: string }[] }>('GET', '/api/deliveries');
      return body.data[0]?.status === 'success' && body.data[0];
    }, 'the delivery is logged as a success');
    expect(await api('POST', `/api/deliveries/${sent.id}/retry`)).toMatchObject({ status: 202 });
    await target.next();
    expect(await listsOf(api)).toEqual([...LISTS.access, ...LISTS.delivery]);
  });
});

describe('the four modules together', () => {
  it.each<[string, () => ModuleMetadata['imports']]>([
    [
      'forRoot',
      () => [
        RegistryModule.forRoot(options),
        DeliveryModule.forRoot(options),
        OutboundModule.forRoot(options),
        InboundModule.forRoot(options),
      ],
    ],
    [
      'forRootAsync, in modules of the host',
      () => {
        const { providers, ...settings } = options;
        const shared = { providers, useFactory: () => settings };
        @Module({ imports: [InboundModule.forRootAsync(shared)] })
        class ReceivingModule {}
        @Module({ imports: [OutboundModule.forRootAsync(shared), DeliveryModule.forRootAsync(shared)] })
        class SendingModule {}
        return [ReceivingModule, SendingModule, RegistryModule.forRootAsync(shared)];
      },
    ],
  ])('share one platform and have every route once: %s', async (_, imports) => {
    const target = await receiver();
    const { app, api } = await start(imports(), [Orders]);
    expect(await listsOf(api)).toEqual(Object.values(LISTS).flat());
    for (const one of [getDataSourceToken(DATA_SOURCE), Database, Queues, DeliveryEngine, EventDispatcher])
      expect(new Set(instancesOf(app, one)).size).toBe(1);
    const routes = routesOf(app);
    expect(routes.length).toBeGreaterThan(50);
    expect(routes.filter((route, at) => routes.indexOf(route) !== at)).toEqual([]);

    await api('POST', '/api/webhooks', { url: target.url, events: ['acme.*'] });
    expect(await api('POST', '/api/sources', { ...ACME_SOURCE, relay: true })).toMatchObject({ status: 201 });
    expect(await webhookOfAcme(api, 'o-1')).toEqual({ status: 200, body: { status: 'processed' } });
    expect(app.get(Orders).made).toEqual([{ id: 'o-1', total: 7 }]);
    const sent = await target.next();
    expect(JSON.parse(sent.body.toString())).toMatchObject({ event: 'acme.order.made' });
  });

  it('have the routes of PosthornModule, no more and no fewer', async () => {
    const all = await start([PosthornModule.forRoot(options)]);
    const own = { ...options };
    const four = await start([InboundModule.forRoot(own), OutboundModule.forRoot(own), RegistryModule.forRoot(own)]);
    expect(routesOf(four.app).sort()).toEqual(routesOf(all.app).sort());
  });

  it('are refused with options of their own, however alike', async () => {
    await expect(start([InboundModule.forRoot(options), OutboundModule.forRoot({ ...options })])).rejects.toThrow(
      'Posthorn is configured 2 times in one application. Give every Posthorn module the same options object, or import PosthornModule once.',
    );
  });

  it('have no routes without controllers, and still work', async () => {
    const quiet = { ...options, controllers: false };
    const target = await receiver();
    const { api } = await start([OutboundModule.forRoot(options)]);
    await api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] });
    const { app, api: none } = await start([OutboundModule.forRoot(quiet), InboundModule.forRoot(quiet)]);
    expect(await listsOf(none)).toEqual([]);
    await app.get(EventDispatcher).dispatch('order.made', {});
    await target.next();
  });
});

/** Every instance that any module has under this token. */
const instancesOf = (app: INestApplication, token: InjectionToken): unknown[] =>
  app.get<unknown, unknown>(token, { strict: false, each: true });

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
}

/** Every route, as Express has it. */
function routesOf(app: INestApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return router.stack.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => `${method} ${route.path}`) : [],
  );
}
