// Operational events: what happens to webhooks and sources, stored and delivered like any event, and told to the hooks of
// the application once it is committed.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { Database } from '../../platform/database/index.js';
import type { SqlExecutor } from '../../platform/database/index.js';
import { isDatabaseAway } from '../../platform/http/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { DeliveryWake } from '../delivery-wake.js';
import { EventStore } from '../events/event.store.js';
import { entryOfOperational } from '../live/live-entry.js';
import { LiveFeed } from '../live/live-feed.js';
import type { OperationalEvent } from './operational-hook.js';
import { OperationalHooks } from './operational-hooks.js';

type Type = OperationalEvent['type'];
type DataOf<Name extends Type> = Extract<OperationalEvent, { type: Name }>['data'];

/** How long the database is left alone once it was found away. */
const RETRY_MS = 250;

/** How many batches of what happened may wait for it. */
const MAX_WAITING = 100;

/** What happened at one moment to one tenant. */
interface Happening {
  readonly tenantId: string;
  readonly events: readonly OperationalEvent[];
}

@Injectable()
export class OperationalEvents implements BeforeApplicationShutdown {
  private readonly logger = new Logger('OperationalEvents');
  private readonly waiting: Happening[] = [];
  private retrying: Promise<void> | undefined;
  private stopping = false;

  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly wake: DeliveryWake,
    private readonly hooks: OperationalHooks,
    private readonly live: LiveFeed,
  ) {}

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /**
   * Stores one event for each fact, and tells it. While the database is away they wait in memory, and are told in order once
   * it is back; a process that ends before takes them with it. Rejects where they can never be stored.
   */
  async tell<Name extends Type>(tenantId: string, type: Name, ...facts: readonly DataOf<Name>[]): Promise<void> {
    const happening = this.happen(tenantId, type, facts);
    if (this.waiting.length === 0) {
      try {
        return await this.tellNow(happening);
      } catch (error) {
        if (!isDatabaseAway(error)) throw error;
        this.logger.warn(`Operational events wait for the database: ${(error as Error).message}`);
      }
    }
    if (this.stopping || this.waiting.length >= MAX_WAITING) return this.logLost(happening);
    this.waiting.push(happening);
    this.retrying ??= this.retry();
  }

  /** Stores in the caller's transaction; what it gives is to be called once that has committed, and never where it has not. */
  store<Name extends Type>(
    executor: SqlExecutor,
    tenantId: string,
    type: Name,
    ...facts: readonly DataOf<Name>[]
  ): Promise<() => void> {
    return this.write(executor, this.happen(tenantId, type, facts));
  }

  private happen<Name extends Type>(tenantId: string, type: Name, facts: readonly DataOf<Name>[]): Happening {
    const occurredAt = new Date(this.clock());
    const events = facts.map((data) => ({ id: newId(), type, tenantId, occurredAt, data }));
    return { tenantId, events: events as OperationalEvent[] };
  }

  private async write(executor: SqlExecutor, { tenantId, events }: Happening): Promise<() => void> {
    const rows = events.map(({ id, type, occurredAt, data }) => ({ id, type, occurredAt, data: JSON.stringify(data) }));
    const { dueFor } = await this.events.add(executor, tenantId, rows);
    return () => {
      if (dueFor?.length !== 0) this.wake.everywhere(dueFor);
      this.hooks.tell(events);
      if (this.live.isFollowed) void this.live.append(events.map(entryOfOperational));
    };
  }

  private async tellNow(happening: Happening): Promise<void> {
    const spread = await this.write(this.database, happening);
    spread();
  }

  private async retry(): Promise<void> {
    while (this.waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      if (this.stopping) this.waiting.splice(0).forEach((happening) => this.logLost(happening));
      else await this.tellWaiting();
    }
    this.retrying = undefined;
  }

  private async tellWaiting(): Promise<void> {
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      try {
        await this.tellNow(next);
      } catch (error) {
        if (isDatabaseAway(error)) return;
        // Also where the commit of an earlier try was done and not heard of: the event is there already, by the same id.
        this.logger.error(`Operational events could not be stored: ${(error as Error).message}`);
      }
      this.waiting.shift();
    }
  }

  private logLost({ tenantId, events }: Happening): void {
    this.logger.error(`Not told of to tenant ${tenantId}: ${events.length} of ${events[0]?.type}`);
  }
}
