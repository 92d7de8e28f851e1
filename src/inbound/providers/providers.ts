// The kinds of sender this application knows: the built-in ones, and those that it brought.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Provider as NestProvider, Type } from '@nestjs/common';
import type { Secret } from '../../kernel/secret.js';
import { SourceProviders } from '../../registry/index.js';
import { BUILT_IN_PROVIDERS } from './built-in-providers.js';
import type { Provider } from './provider.js';

const OWN_PROVIDERS = Symbol('posthorn.own-providers');

/** The Nest providers that make an application's own webhook providers: instances as they are, classes injected. */
export function ownProviders(own: readonly (Provider | Type<Provider>)[]): NestProvider[] {
  const classes = own.filter((provider) => typeof provider === 'function');
  const instances = own.filter((provider) => typeof provider !== 'function');
  return [
    ...classes,
    {
      provide: OWN_PROVIDERS,
      useFactory: (...made: Provider[]): Provider[] => [...made, ...instances],
      inject: classes,
    },
  ];
}

@Injectable()
export class Providers extends SourceProviders {
  private readonly byName = new Map<string, Provider>(BUILT_IN_PROVIDERS.map((provider) => [provider.name, provider]));

  constructor(@Inject(OWN_PROVIDERS) own: readonly Provider[]) {
    super();
    const logger = new Logger('Providers');
    const names = new Set<string>();
    for (const provider of own) {
      const { name } = provider;
      if (names.has(name))
        throw new Error(`Two webhook providers are called ${name}: a source could not tell which is meant.`);
      names.add(name);
      this.byName.set(name, provider);
      logger.log(`Webhook provider ${name}: ${provider.constructor.name}`);
    }
  }

  knows(name: string): boolean {
    return this.byName.has(name);
  }

  problemOf(name: string, secrets: readonly Secret[], config: Readonly<Record<string, unknown>>): string | undefined {
    return this.byName.get(name)?.problemOf?.(secrets, config);
  }

  find(name: string): Provider | undefined {
    return this.byName.get(name);
  }
}
