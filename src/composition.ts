// The parts of which every Posthorn module is made, wired once per options object: whoever imports several modules with the
// same options has one pool, one set of queues, one engine, and no route twice.
import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { DELIVERY_CONTROLLERS, DeliveryFeature, SendingModule } from './delivery/index.js';
import type { DeliveryExtras } from './delivery/index.js';
import { InboundFeature, ProvidersModule, RECEIVED_CONTROLLERS, RECEIVING_CONTROLLERS } from './inbound/index.js';
import type { InboundExtras } from './inbound/index.js';
import { QueuesController, StorageController } from './monitoring/index.js';
import { EVENT_CONTROLLERS, OutboundFeature } from './outbound/index.js';
import { PERSISTENCE } from './persistence.js';
import { SettingsModule } from './platform/config/index.js';
import type { PosthornAsyncOptions, PosthornOptions } from './platform/config/index.js';
import { PlatformModule } from './platform/platform.module.js';
import type { PlatformExtras } from './platform/platform.module.js';
import { ACCESS_CONTROLLERS, RegistryFeature, SOURCE_CONTROLLERS, WEBHOOK_CONTROLLERS } from './registry/index.js';
import type { RegistryExtras } from './registry/index.js';

/** What shapes the modules themselves and must be known before any provider exists. */
export interface PosthornModuleExtras extends PlatformExtras, RegistryExtras, InboundExtras, DeliveryExtras {
  /** Whether `EventDispatcher` and the other exports inject everywhere without importing the module. @defaultValue true */
  readonly isGlobal?: boolean;
  /**
   * Whether the HTTP routes exist, all of them or by kind: those under `/api`, and `/webhooks`, where senders call. Without
   * them, the services still do. @defaultValue true
   */
  readonly controllers?: boolean | { readonly api?: boolean; readonly receiving?: boolean };
  /** Modules whose exports your own classes given here may inject, beside those of your global modules. */
  readonly imports?: ModuleMetadata['imports'];
}

/** What `forRoot` of every Posthorn module takes: settings, known at once, and what shapes the modules. */
export type PosthornModuleOptions = PosthornOptions & PosthornModuleExtras;

/** What `forRootAsync` of every Posthorn module takes: where settings come from, and what shapes the modules. */
export type PosthornModuleAsyncOptions = PosthornAsyncOptions & PosthornModuleExtras;

/** Parts by name. Nest tells dynamic modules apart by identity, so that each of them is there once however often imported. */
interface Parts {
  readonly platform: DynamicModule;
  readonly registry: DynamicModule;
  readonly delivery: DynamicModule;
  readonly sending: DynamicModule;
  readonly outbound: DynamicModule;
  readonly inbound: DynamicModule;
  readonly accessRoutes: DynamicModule;
  readonly webhookRoutes: DynamicModule;
  readonly sourceRoutes: DynamicModule;
  readonly deliveryRoutes: DynamicModule;
  readonly eventRoutes: DynamicModule;
  readonly receivedRoutes: DynamicModule;
  readonly receivingRoutes: DynamicModule;
}

/**
 * Where every route under `/api` is, whichever module brings it: Nest's `RouterModule` moves them all by this name. The
 * dashboard looks for them beside itself, so the two move together.
 *
 * @example
 * RouterModule.register([{ path: 'integrations', children: [ApiRoutes, DashboardModule] }])
 */
@Module({})
export class ApiRoutes {}

/**
 * Where the routes under `/webhooks` are, the ones that senders call: Nest's `RouterModule` moves them by this name.
 *
 * @example
 * RouterModule.register([{ path: 'in', module: ReceivingRoutes }])
 */
@Module({})
export class ReceivingRoutes {}

function partsOf(
  settings: DynamicModule,
  { controllers = true, imports = [], ...extensions }: PosthornModuleExtras,
): Parts {
  const extended = (module: DynamicModule): DynamicModule => ({
    ...module,
    imports: [...(module.imports ?? []), ...imports],
  });
  const platform = extended(PlatformModule.register(settings, PERSISTENCE, extensions));
  const providers = extended(ProvidersModule.register(extensions));
  const registry = extended(RegistryFeature.register(platform, providers, extensions));
  const delivery = extended(DeliveryFeature.register({ platform, registry }, extensions));
  const outbound = OutboundFeature.register({ platform, registry, delivery });
  const inbound = InboundFeature.register({ platform, registry, delivery, outbound, providers }, extensions);
  const has = typeof controllers === 'boolean' ? { api: controllers, receiving: controllers } : controllers;
  // Controllers apart from what they call, so that a feature can be there without its routes.
  const routes = (feature: DynamicModule, list: Type[]): DynamicModule => ({
    module: ApiRoutes,
    imports: [platform, registry, feature],
    controllers: has.api === false ? [] : list,
  });
  return {
    platform,
    registry,
    delivery,
    sending: SendingModule.register({ platform, registry, delivery }),
    outbound,
    inbound,
    accessRoutes: routes(registry, [...ACCESS_CONTROLLERS, QueuesController, StorageController]),
    webhookRoutes: routes(registry, WEBHOOK_CONTROLLERS),
    sourceRoutes: routes(registry, SOURCE_CONTROLLERS),
    deliveryRoutes: routes(delivery, DELIVERY_CONTROLLERS),
    eventRoutes: routes(outbound, EVENT_CONTROLLERS),
    receivedRoutes: routes(inbound, RECEIVED_CONTROLLERS),
    receivingRoutes: {
      module: ReceivingRoutes,
      imports: [platform, inbound],
      controllers: has.receiving === false ? [] : RECEIVING_CONTROLLERS,
    },
  };
}

/** The parts made for an options object, for as long as the application holds on to it. */
const wired = new WeakMap<object, Parts>();

function wiredOnce(options: PosthornModuleExtras, settings: () => DynamicModule): Parts {
  const parts = wired.get(options) ?? partsOf(settings(), options);
  wired.set(options, parts);
  return parts;
}

/** What an application gets by importing `module`; exported is what others may inject, its routes are not among it. */
export interface Selection {
  readonly features: readonly (keyof Parts)[];
  readonly routes: readonly (keyof Parts)[];
}

/** The module that an application imports, with settings known at once. */
export const compose = (module: Type, options: PosthornModuleOptions, selection: Selection): DynamicModule =>
  select(
    module,
    options,
    wiredOnce(options, () => SettingsModule.forRoot(options)),
    selection,
  );

/** The same with settings from a factory. */
export const composeAsync = (module: Type, options: PosthornModuleAsyncOptions, selection: Selection): DynamicModule =>
  select(
    module,
    options,
    wiredOnce(options, () => SettingsModule.forRootAsync(options)),
    selection,
  );

function select(
  module: Type,
  { isGlobal = true }: PosthornModuleExtras,
  parts: Parts,
  { features, routes }: Selection,
): DynamicModule {
  const named = (names: readonly (keyof Parts)[]): DynamicModule[] => names.map((name) => parts[name]);
  const exported = [parts.platform, ...named(features)];
  return { module, global: isGlobal, imports: [...exported, ...named(routes)], exports: exported };
}
