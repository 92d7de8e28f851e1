// The table of all webhook handlers of the application, made once at start. It refuses what could only fail later:
// two handlers of one name, patterns that match nothing, handlers that no singleton holds.
import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { parseRetrySchedule } from '../kernel/retry-schedule.js';
import type { RetryWaits } from '../kernel/retry-schedule.js';
import { HandlerEnhancers } from './handler-enhancers.js';
import type { Place } from './handler-enhancers.js';
import { HandlerTransactions } from './handler-transactions.js';
import { subscriptionsOf } from './on-webhook.decorator.js';
import type { Subscription } from './on-webhook.decorator.js';
import { RUN_RETRY_WAITS } from './policy.js';
import type { ReceivedEvent } from './received-event.js';

/** One handler: a method of a provider, under the name that its runs are stored with. */
export interface Handler {
  readonly name: string;
  readonly subscriptions: readonly Subscription[];
  /** @param manager - Of the run's transaction, where the subscription wants one. */
  handle(event: ReceivedEvent, manager?: EntityManager): unknown;
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

@Injectable()
export class Handlers implements OnModuleInit {
  private readonly logger = new Logger('Handlers');
  private readonly byName = new Map<string, Handler>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly transactions: HandlerTransactions,
    private readonly enhancers: HandlerEnhancers,
  ) {}

  onModuleInit(): void {
    const seen = new Set<object>();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.instance;
      // An alias (`useExisting`) shows the instance of another wrapper.
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      const prototype = Object.getPrototypeOf(instance) as Record<string, object> | null;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const subscriptions = subscriptionsOf(prototype?.[method] as object);
        if (subscriptions.length === 0) continue;
        const className = instance.constructor.name;
        if (wrapper.isTransient || !wrapper.isDependencyTreeStatic())
          throw new Error(
            `${className}.${method} handles webhooks, so ${className} must be a singleton: drop its request or transient scope.`,
          );
        this.add({ wrapper, instance, method }, subscriptions);
      }
    }
    this.logTable();
  }

  /** Who handles events of this type, in the order in which they run. */
  findFor(source: string, type: string): Handler[] {
    return [...this.byName.values()].filter(({ subscriptions }) =>
      subscriptions.some((subscription) => subscription.source === source && matches(subscription.pattern, type)),
    );
  }

  /** The handler that a stored run names, unless it was renamed or removed since. */
  findByName(name: string): Handler | undefined {
    return this.byName.get(name);
  }

  /** How many tries of our own each handler has, at most. */
  retryCeilings(): ReadonlyMap<string, number> {
    const most = ({ subscriptions }: Handler): number =>
      Math.max(...subscriptions.map((one) => retryWaitsOf(one).schedule.length));
    return new Map([...this.byName.values()].map((handler) => [handler.name, most(handler)]));
  }

  private add(place: Place, subscriptions: readonly Subscription[]): void {
    const { instance, method } = place;
    const className = instance.constructor.name;
    // Called through the instance, so that whatever wraps the method later (a proxy, a spy) is called too.
    const handle = this.enhancers.around(place, (...given) => (instance as Methods)[method]?.(...given));
    for (const name of new Set(subscriptions.map((subscription) => subscription.name ?? `${className}.${method}`))) {
      const own = subscriptions.filter((subscription) => (subscription.name ?? `${className}.${method}`) === name);
      for (const { source, pattern, transactional, retrySchedule } of own) {
        if (retrySchedule && !parseRetrySchedule(retrySchedule))
          throw new Error(
            `@OnWebhook('${source}', '${pattern}') on ${className}.${method}: retrySchedule must be a list of at most 100 durations, each at most 7 days, such as ['1m', '1h'].`,
          );
        if (transactional) this.transactions.expect(transactional, `${className}.${method}`);
        if (!isPattern(pattern))
          throw new Error(
            `@OnWebhook('${source}', '${pattern}') on ${className}.${method}: the pattern must be a type, a prefix such as 'invoice.*', or '*'.`,
          );
      }
      if (this.byName.has(name))
        throw new Error(
          `Two webhook handlers are called ${name}, so their runs could not be told apart: give one a name of its own with @OnWebhook(source, type, { name }).`,
        );
      this.byName.set(name, { name, subscriptions: own, handle });
    }
  }

  private logTable(): void {
    const rows = [...this.byName.values()].flatMap(({ name, subscriptions }) =>
      subscriptions.map(({ source, pattern }) => `${source} ${pattern} → ${name}`),
    );
    this.logger.log(rows.length > 0 ? `Webhook handlers:\n  ${rows.join('\n  ')}` : 'No webhook handlers.');
  }
}

/**
 * What a handler was told for an event. Its run may be older than its pattern: then what it was told first.
 */
export function subscriptionFor({ subscriptions }: Handler, source: string, type: string): Subscription {
  const taking = subscriptions.find((one) => one.source === source && matches(one.pattern, type));
  return taking ?? (subscriptions[0] as Subscription);
}

/** When a handler is tried again, as it was told or as all are. */
export const retryWaitsOf = ({ retrySchedule }: Subscription): RetryWaits => ({
  ...RUN_RETRY_WAITS,
  schedule: (retrySchedule && parseRetrySchedule(retrySchedule)) ?? RUN_RETRY_WAITS.schedule,
});

/** True where a pattern takes a type: `a.*` takes `a.b` and `a.b.c`, not `a`. */
export const matches = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/** Senders name types in their own grammars, so only the star is judged: it stands alone or after the last dot. */
const isPattern = (pattern: string): boolean =>
  pattern === '*' || /^[^*]+$/.test(pattern) || /^[^*]+\.\*$/.test(pattern);
