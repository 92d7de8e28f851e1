// The four modules together, wired once: the way most applications take Posthorn.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DeliveryModule } from './delivery/index.js';
import { InboundModule } from './inbound/index.js';
import { OutboundModule } from './outbound/index.js';
import { PERSISTENCE } from './persistence.js';
import { SettingsModule } from './platform/config/index.js';
import type { PosthornAsyncOptions, PosthornOptions } from './platform/config/index.js';
import { PlatformModule } from './platform/platform.module.js';
import { RegistryModule } from './registry/index.js';

/** What shapes the module itself and must be known before any provider exists. */
export interface PosthornModuleExtras {
  /** Whether `EventDispatcher` and the other exports inject everywhere without importing this module. @defaultValue true */
  readonly isGlobal?: boolean;
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
  static forRoot({ isGlobal, ...options }: PosthornOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRoot(options), { isGlobal });
  }

  /** The same with settings from a factory, such as one that injects a `ConfigService`. */
  static forRootAsync({ isGlobal, ...options }: PosthornAsyncOptions & PosthornModuleExtras): DynamicModule {
    return compose(SettingsModule.forRootAsync(options), { isGlobal });
  }
}

function compose(settings: DynamicModule, { isGlobal = true }: PosthornModuleExtras): DynamicModule {
  const platform = PlatformModule.register(settings, PERSISTENCE);
  const registry = RegistryModule.register(platform);
  const delivery = DeliveryModule.register({ platform, registry });
  const outbound = OutboundModule.register({ platform, registry, delivery });
  const inbound = InboundModule.register({ platform, registry });
  const features = [registry, delivery, outbound, inbound];
  return { module: PosthornModule, global: isGlobal, imports: [platform, ...features], exports: features };
}
