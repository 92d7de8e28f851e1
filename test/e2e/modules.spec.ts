// Several of the modules in one application: what they share, and which routes it has.
import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { INestApplication, InjectionToken, ModuleMetadata } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DeliveryEngine } from '../../src/delivery/delivery-engine.js';
import {
  DeliveryModule,
  EventDispatcher,
  InboundModule,
  OutboundModule,
  PosthornModule,
  RegistryModule,
} from '../../src/index.js';
import { DATA_SOURCE, Database } from '../../src/platform/database/index.js';
import { Queues } from '../../src/platform/queue/queues.js';
import { ACME_SOURCE, LISTS, listsOf, ModulesScene, Orders, webhookOfAcme } from './modules.harness.js';

const scene = ModulesScene.forTests();

describe('the four modules together', () => {
  it.each<[string, () => ModuleMetadata['imports']]>([
    [
      'forRoot',
      () => [
        RegistryModule.forRoot(scene.options),
        DeliveryModule.forRoot(scene.options),
        OutboundModule.forRoot(scene.options),
        InboundModule.forRoot(scene.options),
      ],
    ],
    [
      'forRootAsync, in modules of the host',
      () => {
        const { providers, ...settings } = scene.options;
        const shared = { providers, useFactory: () => settings };
        @Module({ imports: [InboundModule.forRootAsync(shared)] })
        class ReceivingModule {}
        @Module({ imports: [OutboundModule.forRootAsync(shared), DeliveryModule.forRootAsync(shared)] })
        class SendingModule {}
        return [ReceivingModule, SendingModule, RegistryModule.forRootAsync(shared)];
      },
    ],
  ])('share one platform and have every route once: %s', async (_, imports) => {
    const target = await scene.receiver();
    const { app, api } = await scene.start(imports(), [Orders]);
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
    const all = await scene.start([PosthornModule.forRoot(scene.options)]);
    const own = { ...scene.options };
    const four = await scene.start([
      InboundModule.forRoot(own),
      OutboundModule.forRoot(own),
      RegistryModule.forRoot(own),
    ]);
    expect(routesOf(four.app).sort()).toEqual(routesOf(all.app).sort());
  });

  it('are refused with options of their own, however alike', async () => {
    await expect(
      scene.start([InboundModule.forRoot(scene.options), OutboundModule.forRoot({ ...scene.options })]),
    ).rejects.toThrow(
      'Posthorn is configured 2 times in one application. Give every Posthorn module the same options object, or import PosthornModule once.',
    );
  });

  it('have no routes without controllers, and still work', async () => {
    const quiet = { ...scene.options, controllers: false };
    const target = await scene.receiver();
    const { api } = await scene.start([OutboundModule.forRoot(scene.options)]);
    await api('POST', '/api/webhooks', { url: target.url, events: ['order.*'] });
    const { app, api: none } = await scene.start([OutboundModule.forRoot(quiet), InboundModule.forRoot(quiet)]);
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
