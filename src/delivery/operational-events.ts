// Operational events: what happens to webhooks and sources, stored and delivered like any event, and told to the hooks of
// the application once it is committed.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { Database } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { DeliveryWake } from './delivery-wake.js';
import { EventStore } from './event.store.js';
import { entryOfOperational } from './live/live-entry.js';
import { LiveFeed } from './live/live-feed.js';
import type { OperationalEvent } from './operational-hook.js';
import { OperationalHooks } from './operational-hooks.js';

type Type = OperationalEvent['type'];
type DataOf<Name extends Type> = Extract<OperationalEvent, { type: Name }>['data'];

@Injectable()
export class OperationalEvents {
  constructor(
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly wake: DeliveryWake,
    private readonly hooks: OperationalHooks,
    private readonly live: LiveFeed,
  ) {}

  /** Stores one event for each fact, and tells it. */
  async tell<Name extends Type>(tenantId: string, type: Name, ...facts: readonly DataOf<Name>[]): Promise<void> {
    const spread = await this.store(this.database, tenantId, type, ...facts);
    spread();
  }

  /** Stores in the caller's transaction; what it gives is to be called once that has committed, and never where it has not. */
  async store<Name extends Type>(
    executor: SqlExecutor,
    tenantId: string,
    type: Name,
    ...facts: readonly DataOf<Name>[]
  ): Promise<() => void> {
    const occurredAt = new Date(this.clock());
    const happened = facts.map((data) => ({ id: newId(), type, tenantId, occurredAt, data }));
    const events = happened.map(({ id, data }) => ({ id, type, occurredAt, data: JSON.stringify(data) }));
    const pending = await this.events.add(executor, tenantId, events);
    return () => {
      if (pending.size > 0) this.wake.everywhere();
      this.hooks.tell(happened as OperationalEvent[]);
      if (this.live.isFollowed) void this.live.append((happened as OperationalEvent[]).map(entryOfOperational));
    };
  }
}
