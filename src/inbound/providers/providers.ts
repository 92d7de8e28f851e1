// The kinds of sender this application knows: the built-in ones, and any provider class that a team marked.
import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { github } from './github.js';
import type { Provider } from './provider.js';
import { stripe } from './stripe.js';

/**
 * Marks an injectable class that implements {@link Provider}: sources may name it, and it goes before a built-in one of
 * the same name.
 *
 * @example
 * \@WebhookProvider()
 * \@Injectable()
 * class Acme implements Provider { readonly name = 'acme'; … }
 */
export const WebhookProvider = DiscoveryService.createDecorator<void>();

@Injectable()
export class Providers implements OnModuleInit {
  private readonly logger = new Logger('Providers');
  private readonly byName = new Map<string, Provider>([stripe, github].map((provider) => [provider.name, provider]));

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    const own = new Map<string, Provider>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: WebhookProvider.KEY })) {
      const provider = wrapper.instance as Provider;
      if (own.has(provider.name) && own.get(provider.name) !== provider)
        throw new Error(`Two webhook providers are called ${provider.name}: a source could not tell which is meant.`);
      own.set(provider.name, provider);
      this.byName.set(provider.name, provider);
      this.logger.log(`Webhook provider ${provider.name}: ${wrapper.name}`);
    }
  }

  find(name: string): Provider | undefined {
    return this.byName.get(name);
  }
}
