// The four modules together, wired once: the way most applications take Posthorn.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DeliveryModule } from './delivery/index.js';
import { InboundModule } from './inbound/index.js';
import type { InboundExtras } from './inbound/index.js';
import { OutboundModule } from './outbound/index.js';
import { PERSISTENCE } from './persistence.js';
import { SettingsModule } from './platform/config/index.js';
import type { PosthornAsyncOptions, PosthornOptions } from './platform/config/index.js';
import { PlatformModule } from './platform/platform.module.js';
import { RegistryModule } from './registry/index.js';

/** What shapes the module itself and must be known before any provider exists. */
export interface PosthornModuleExtras extends InboundExtras {
  /** Whether `EventDispatcher` and the other exports inject everywhere without importing this module. @defaultValue true */
  readonly isGlobal?: boolean;
  /** Whether the HTTP routes exist; without them, the services still do. @defaultValue true */
  readonly controllers?: boolean;
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
  static forRoot({
    isGlobal,
    controllers,
    providers,
    ...options
  }: PosthornOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRoot(options), { isGlobal, controllers, providers });
  }

  /** The same with settings from a factory, such as one that injects a `ConfigService`. */
  static forRootAsync({
    isGlobal,
    controllers,
    providers,
    ...options
  }: PosthornAsyncOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRootAsync(options), { isGlobal, controllers, providers });
  }
}

function compose(
  settings: DynamicModule,
  { isGlobal = true, controllers = true, providers }: PosthornModuleExtras,
): DynamicModule {
  const faced = (module: DynamicModule): DynamicModule => (controllers ? module : { ...module, controllers: [] });
  const platform = PlatformModule.register(settings, PERSISTENCE);
  const registry = faced(RegistryModule.register(platform));
  const delivery = faced(DeliveryModule.register({ platform, registry }));
  const outbound = faced(OutboundModule.register({ platform, registry, delivery }));
  const inbound = faced(InboundModule.register({ platform, registry }, { providers }));
  const features = [registry, delivery, outbound, inbound];
  return {
    module: PosthornModule,
    global: isGlobal,
    imports: [platform, ...features],
    exports: [platform, ...features],
  };
}
