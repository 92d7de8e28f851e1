// The four modules together, wired once: the way most applications take Posthorn.
import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { DeliveryModule } from './delivery/index.js';
import type { DeliveryExtras } from './delivery/index.js';
import { InboundModule, ProvidersModule } from './inbound/index.js';
import type { InboundExtras } from './inbound/index.js';
import { OutboundModule } from './outbound/index.js';
import { PERSISTENCE } from './persistence.js';
import { SettingsModule } from './platform/config/index.js';
import type { PosthornAsyncOptions, PosthornOptions } from './platform/config/index.js';
import { PlatformModule } from './platform/platform.module.js';
import { RegistryModule } from './registry/index.js';
import type { RegistryExtras } from './registry/index.js';

/** What shapes the module itself and must be known before any provider exists. */
export interface PosthornModuleExtras extends RegistryExtras, InboundExtras, DeliveryExtras {
  /** Whether `EventDispatcher` and the other exports inject everywhere without importing this module. @defaultValue true */
  readonly isGlobal?: boolean;
  /** Whether the HTTP routes exist; without them, the services still do. @defaultValue true */
  readonly controllers?: boolean;
  /** Modules whose exports your own classes given here may inject, beside those of your global modules. */
  readonly imports?: ModuleMetadata['imports'];
}

@Module({})
export class PosthornModule {
  /**
   * Receiving, sending, managing: everything, with settings known at once.
   *
   * @throws SettingsError when a setting is missing or invalid, naming it.
   * @example
   * imports: [PosthornModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…' })]
   */
  static forRoot(options: PosthornOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRoot(options), options);
  }

  /** The same with settings from a factory, such as one that injects a `ConfigService`. */
  static forRootAsync(options: PosthornAsyncOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRootAsync(options), options);
  }
}

function compose(
  settings: DynamicModule,
  { isGlobal = true, controllers = true, imports = [], ...extensions }: PosthornModuleExtras,
): DynamicModule {
  const faced = (module: DynamicModule): DynamicModule => (controllers ? module : { ...module, controllers: [] });
  const extended = (module: DynamicModule): DynamicModule => ({
    ...module,
    imports: [...(module.imports ?? []), ...imports],
  });
  const platform = PlatformModule.register(settings, PERSISTENCE);
  const providers = extended(ProvidersModule.register(extensions));
  const registry = faced(extended(RegistryModule.register(platform, providers, extensions)));
  const delivery = faced(extended(DeliveryModule.register({ platform, registry }, extensions)));
  const outbound = faced(OutboundModule.register({ platform, registry, delivery }));
  const inbound = faced(InboundModule.register({ platform, registry, delivery, outbound, providers }, extensions));
  // Express tries routes one after the other, in this order: those that are asked for most come first.
  const features = [outbound, inbound, registry, delivery];
  return {
    module: PosthornModule,
    global: isGlobal,
    imports: [platform, ...features],
    exports: [platform, ...features],
  };
}
