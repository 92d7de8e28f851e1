// Takes in events that have no transaction but their own: stores them, and has their deliveries sent without a claim
// where this process has room for them. Everything else waits in the table, and the engines are woken.
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/index.js';
import { DeliveryEngine } from '../delivery-engine.js';
import { DeliveryWake } from '../delivery-wake.js';
import { EventStore } from './event.store.js';
import type { NewEvent } from './new-event.js';

@Injectable()
export class EventIntake {
  /** Deliveries per event of the last ones: an estimate of how many the next will have. */
  private fanOut = 1;

  constructor(
    private readonly database: Database,
    private readonly engine: DeliveryEngine,
    private readonly events: EventStore,
    private readonly wake: DeliveryWake,
  ) {}

  /** Resolves once they are committed; tells how many deliveries of each event there are. */
  async add(tenantId: string, events: readonly NewEvent[]): Promise<ReadonlyMap<string, number>> {
    const bytes = events.reduce((most, { data }) => Math.max(most, Buffer.byteLength(data)), 0);
    const { deliveries, dueFor } = await this.engine.handOver(events.length * this.fanOut, bytes, (room) =>
      this.events.addAndClaim(this.database, tenantId, events, room),
    );
    const count = [...deliveries.values()].reduce((sum, ofEvent) => sum + ofEvent, 0);
    this.fanOut = Math.max(1, Math.ceil(count / events.length));
    if (dueFor?.length !== 0) this.wake.everywhere(dueFor);
    return deliveries;
  }
}
