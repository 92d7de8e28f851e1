import { describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Scope, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import type { CanActivate, Provider, Type } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule, ModuleRef } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { HandlerEnhancers, INHERIT_APP_CONFIG } from './handler-enhancers.js';
import { HandlerTransactions } from './handler-transactions.js';
import { Handlers, matches, subscriptionFor } from './handlers.js';
import type { Handler } from './handlers.js';
import { OnWebhook } from './on-webhook.decorator.js';
import type { ReceivedEvent } from './received-event.js';

const transactions: Provider = {
  provide: HandlerTransactions,
  inject: [ModuleRef],
  useFactory: (modules: ModuleRef) => new HandlerTransactions(modules, new DataSource({ type: 'postgres' })),
};

async function tableOf(providers: Provider[], controllers: Type[] = [], inherits = false): Promise<Handlers> {
  const imports = [DiscoveryModule];
  const testing = await Test.createTestingModule({
    imports,
    controllers,
    providers: [
      Handlers,
      HandlerEnhancers,
      { provide: INHERIT_APP_CONFIG, useValue: inherits },
      transactions,
      ...providers,
    ],
  }).compile();
  const app = testing.createNestApplication({ logger: false });
  await app.init();
  return app.get(Handlers);
}

const names = (table: Handlers, source: string, type: string): string[] =>
  table.findFor(source, type).map(({ name }) => name);

@Injectable()
class Base {
  readonly seen: string[] = [];

  @OnWebhook('stripe', 'invoice.*')
  onInvoice(event: ReceivedEvent): void {
    this.seen.push(event.type);
  }
}

describe('the pattern', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b', 'A.b', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', true],
    ['a.*', 'a', false],
    ['a.*', 'ab', false],
    ['*', 'anything at all', true],
    ['*', 'posthorn.like', true],
  ])('%s on the type %s: %s', (pattern, type, taken) => {
    expect(matches(pattern, type)).toBe(taken);
  });
});

describe('the table of handlers', () => {
  it('finds providers and controllers, each in the order of registration, by source and type', async () => {
    @Controller()
    class Pages {
      @OnWebhook('stripe', '*')
      onAny(): void {}
    }
    @Injectable()
    class Payments {
      @OnWebhook('stripe', 'invoice.paid', { name: 'books' })
      @OnWebhook('test', '*', { name: 'books' })
      onPaid(): void {}
    }
    const table = await tableOf([Base, Payments, { provide: 'alias', useExisting: Base }], [Pages]);
    expect(names(table, 'stripe', 'invoice.paid')).toEqual(['Base.onInvoice', 'books', 'Pages.onAny']);
    expect(names(table, 'stripe', 'charge.made')).toEqual(['Pages.onAny']);
    expect(names(table, 'test', 'anything')).toEqual(['books']);
    expect(names(table, 'github', 'push')).toEqual([]);
  });

  it('calls the method on its instance, also one made by a factory or inherited', async () => {
    @Injectable()
    class Special extends Base {}
    const made = new Base();
    const table = await tableOf([Special, { provide: 'made', useFactory: () => made }]);
    expect(names(table, 'stripe', 'invoice.paid')).toEqual(['Special.onInvoice', 'Base.onInvoice']);
    table.findByName('Base.onInvoice')?.handle({ type: 'invoice.paid' } as ReceivedEvent);
    expect(made.seen).toEqual(['invoice.paid']);
  });

  it('refuses two handlers of one name', async () => {
    const other = (): Type => {
      @Injectable()
      class Base {
        @OnWebhook('github', '*')
        onInvoice(): void {}
      }
      return Base;
    };
    await expect(tableOf([Base, other()])).rejects.toThrow('Two webhook handlers are called Base.onInvoice');
  });

  it('refuses a handler that is no singleton', async () => {
    for (const scope of [Scope.REQUEST, Scope.TRANSIENT]) {
      @Injectable({ scope })
      class Scoped {
        @OnWebhook('stripe', '*')
        onAny(): void {}
      }
      await expect(tableOf([Scoped])).rejects.toThrow('Scoped must be a singleton');
    }
  });

  it('refuses what stands on a handler and could not run', async () => {
    class Never implements CanActivate {
      canActivate = (): boolean => false;
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Never {}
    @UseGuards(Never)
    class Guarded extends Base {}
    const made = { provide: Guarded, useFactory: () => new Guarded() };
    await expect(tableOf([made])).rejects.toThrow('Guarded.onInvoice handles webhooks, and Never on it would not run');

    @Injectable()
    @UseGuards(PerRequest)
    class Requested extends Base {}
    await expect(tableOf([Requested])).rejects.toThrow('Requested must be a singleton');

    @Injectable()
    class Piped {
      @OnWebhook('stripe', '*')
      @UsePipes(ValidationPipe)
      onAny(): void {}
    }
    await expect(tableOf([Piped])).rejects.toThrow('no pipes run for them');
  });

  it('refuses to inherit what is made for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest implements CanActivate {
      canActivate(): boolean {
        return true;
      }
    }
    const providers = [Base, { provide: APP_GUARD, useClass: PerRequest }];
    await expect(tableOf(providers, [], true)).rejects.toThrow('PerRequest is made for each request');
    await expect(tableOf(providers)).resolves.toBeDefined();
  });

  it('knows what each subscription asked for, also for a run that is older than its pattern', async () => {
    @Injectable()
    class Mixed {
      @OnWebhook('stripe', 'a.*', { transactional: true })
      @OnWebhook('stripe', 'b')
      onAny(): void {}
    }
    const handler = (await tableOf([Mixed])).findByName('Mixed.onAny') as Handler;
    expect(subscriptionFor(handler, 'stripe', 'a.b').transactional).toBe(true);
    expect(subscriptionFor(handler, 'stripe', 'b').transactional).toBeUndefined();
    expect(subscriptionFor(handler, 'github', 'a.b').pattern).toBe('b');
  });

  it('refuses a transactional handler whose data source is not here, or not PostgreSQL', async () => {
    @Injectable()
    class Books {
      @OnWebhook('stripe', '*', { transactional: 'books' })
      onAny(): void {}
    }
    await expect(tableOf([Books])).rejects.toThrow(
      'The data source of the transactional webhook handler Books.onAny is not in this application.',
    );
    const lite = { provide: getDataSourceToken('books'), useFactory: () => ({ options: { type: 'sqljs' } }) };
    await expect(tableOf([Books, lite])).rejects.toThrow('is not PostgreSQL');
  });

  it('refuses a schedule that is none', async () => {
    @Injectable()
    class Impatient {
      @OnWebhook('stripe', '*', { retrySchedule: ['8d'] })
      onAny(): void {}
    }
    await expect(tableOf([Impatient])).rejects.toThrow('retrySchedule must be a list');
  });

  it.each(['', 'pay*', '*.made', 'a.*.b', '.*'])('refuses the pattern %p', async (pattern) => {
    @Injectable()
    class Wrong {
      @OnWebhook('stripe', pattern)
      onAny(): void {}
    }
    await expect(tableOf([Wrong])).rejects.toThrow('the pattern must be');
  });
});
