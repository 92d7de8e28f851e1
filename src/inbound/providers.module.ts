// The kinds of sender, apart from receiving: the registry asks them about sources, and receiving needs the registry.
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { SourceProviders } from '../registry/index.js';
import type { Provider } from './providers/provider.js';
import { ownProviders, Providers } from './providers/providers.js';

/** What shapes receiving and must be known before any provider exists. */
export interface InboundExtras {
  /**
   * Kinds of sender beside the built-in ones: classes, which may inject what is global in the application, or instances.
   * Sources name them by their `name`; one with the name of a built-in provider takes its place.
   */
  readonly providers?: readonly (Provider | Type<Provider>)[];
  /**
   * Whether the application's global guards, interceptors and exception filters run for `@OnWebhook` handlers too, as they do
   * for a microservice of a hybrid application with this option. Their context's type is `posthorn`, and it has no request.
   *
   * @defaultValue false
   */
  readonly inheritAppConfig?: boolean;
}

@Module({})
export class ProvidersModule {
  static register({ providers = [] }: InboundExtras = {}): DynamicModule {
    return {
      module: ProvidersModule,
      providers: [...ownProviders(providers), Providers, { provide: SourceProviders, useExisting: Providers }],
      exports: [Providers, SourceProviders],
    };
  }
}
