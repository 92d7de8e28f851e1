// The modules that an application imports: all of Posthorn, or one by one what it needs of it.
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { compose, composeAsync } from './composition.js';
import type { PosthornModuleAsyncOptions, PosthornModuleOptions, Selection } from './composition.js';

// Express tries routes one after the other, in this order: those that are asked for most come first.
const EVERYTHING: Selection = {
  features: ['outbound', 'inbound', 'registry', 'delivery', 'sending'],
  routes: [
    'receivingRoutes',
    'eventRoutes',
    'receivedRoutes',
    'webhookRoutes',
    'deliveryRoutes',
    'sourceRoutes',
    'accessRoutes',
  ],
};

const REGISTRY: Selection = { features: ['registry'], routes: ['webhookRoutes', 'sourceRoutes', 'accessRoutes'] };

const DELIVERY: Selection = {
  features: ['registry', 'delivery', 'sending'],
  routes: ['deliveryRoutes', 'accessRoutes'],
};

const OUTBOUND: Selection = {
  features: ['outbound', 'registry', 'delivery', 'sending'],
  routes: ['eventRoutes', 'webhookRoutes', 'deliveryRoutes', 'accessRoutes'],
};

const INBOUND: Selection = {
  features: ['inbound', 'registry'],
  routes: ['receivingRoutes', 'receivedRoutes', 'sourceRoutes', 'accessRoutes'],
};

/** All of Posthorn: receiving, sending, managing. */
@Module({})
export class PosthornModule {
  /**
   * Receiving, sending, managing: everything, with settings known at once.
   *
   * @throws SettingsError at start, when a setting is missing or invalid, naming it.
   * @example
   * imports: [PosthornModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…' })]
   */
  static forRoot(options: PosthornModuleOptions): DynamicModule {
    return compose(PosthornModule, options, EVERYTHING);
  }

  /** The same with settings from a factory, such as one that injects a `ConfigService`. */
  static forRootAsync(options: PosthornModuleAsyncOptions): DynamicModule {
    return composeAsync(PosthornModule, options, EVERYTHING);
  }
}

/**
 * Managing, alone: webhooks, event types, sources, tenants and API keys, for applications that receive or send on the same
 * database. {@link OutboundModule} and {@link InboundModule} bring what they need of it.
 */
@Module({})
export class RegistryModule {
  /**
   * Several Posthorn modules of one application are given the same options object, and so share one pool, one set of queues
   * and one engine; different ones are refused at start.
   *
   * @throws SettingsError at start, when a setting is missing or invalid, or another Posthorn module has other options.
   * @example
   * imports: [RegistryModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…' })]
   */
  static forRoot(options: PosthornModuleOptions): DynamicModule {
    return compose(RegistryModule, options, REGISTRY);
  }

  /** The same with settings from a factory. */
  static forRootAsync(options: PosthornModuleAsyncOptions): DynamicModule {
    return composeAsync(RegistryModule, options, REGISTRY);
  }
}

/**
 * Delivering, alone: sends, retries and replays what other applications dispatch on the same database, and has the delivery
 * log. {@link OutboundModule} brings it.
 */
@Module({})
export class DeliveryModule {
  /**
   * See {@link RegistryModule.forRoot} for several modules in one application.
   *
   * @throws SettingsError at start, when a setting is missing or invalid, or another Posthorn module has other options.
   * @example
   * imports: [DeliveryModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…', retryPolicy: OurPolicy })]
   */
  static forRoot(options: PosthornModuleOptions): DynamicModule {
    return compose(DeliveryModule, options, DELIVERY);
  }

  /** The same with settings from a factory. */
  static forRootAsync(options: PosthornModuleAsyncOptions): DynamicModule {
    return composeAsync(DeliveryModule, options, DELIVERY);
  }
}

/**
 * Sending, alone: webhooks are managed, events dispatched and delivered, and there is the delivery log. Nothing is received.
 * `EventDispatcher` is what it exports.
 */
@Module({})
export class OutboundModule {
  /**
   * See {@link RegistryModule.forRoot} for several modules in one application.
   *
   * @throws SettingsError at start, when a setting is missing or invalid, or another Posthorn module has other options.
   * @example
   * imports: [OutboundModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…' })]
   */
  static forRoot(options: PosthornModuleOptions): DynamicModule {
    return compose(OutboundModule, options, OUTBOUND);
  }

  /** The same with settings from a factory. */
  static forRootAsync(options: PosthornModuleAsyncOptions): DynamicModule {
    return composeAsync(OutboundModule, options, OUTBOUND);
  }
}

/**
 * Receiving, alone: sources are managed, webhooks verified and handed to `@OnWebhook()` methods. Nothing is sent: a source
 * with `relay` is refused, unless the application imports {@link OutboundModule} too.
 */
@Module({})
export class InboundModule {
  /**
   * See {@link RegistryModule.forRoot} for several modules in one application.
   *
   * @throws SettingsError at start, when a setting is missing or invalid, or another Posthorn module has other options.
   * @example
   * imports: [InboundModule.forRoot({ databaseUrl: 'postgres://…', encryptionKey: '…', providers: [Acme] })]
   */
  static forRoot(options: PosthornModuleOptions): DynamicModule {
    return compose(InboundModule, options, INBOUND);
  }

  /** The same with settings from a factory. */
  static forRootAsync(options: PosthornModuleAsyncOptions): DynamicModule {
    return composeAsync(InboundModule, options, INBOUND);
  }
}
