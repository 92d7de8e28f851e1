// What was sent, to whom, and why not: events with their deliveries, read.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, IsNull, MoreThan, Not } from 'typeorm';
import type { Repository } from 'typeorm';
import { lowestIdAt } from '../kernel/ids.js';
import { DATA_SOURCE } from '../platform/database/index.js';
import { Delivery } from './delivery.entity.js';
import { Event } from './event.entity.js';

/** What a page of events is limited to. */
export interface EventFilter {
  readonly event?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly beforeId?: string;
}

@Injectable()
export class EventLog {
  constructor(
    @InjectRepository(Event, DATA_SOURCE) private readonly events: Repository<Event>,
    @InjectRepository(Delivery, DATA_SOURCE) private readonly deliveries: Repository<Delivery>,
  ) {}

  /** Events newest first, at most `limit`. Times are compared by id: an event's id holds the moment it was dispatched. */
  findNewest(tenantId: string, filter: EventFilter, limit: number): Promise<Event[]> {
    const query = this.events
      .createQueryBuilder('e')
      .where('e.tenantId = :tenantId', { tenantId })
      .orderBy('e.id', 'DESC')
      .limit(limit);
    if (filter.event) query.andWhere('e.type = :type', { type: filter.event });
    if (filter.since) query.andWhere('e.id >= :since', { since: lowestIdAt(filter.since.getTime()) });
    if (filter.until) query.andWhere('e.id < :until', { until: lowestIdAt(filter.until.getTime()) });
    if (filter.beforeId) query.andWhere('e.id < :beforeId', { beforeId: filter.beforeId });
    return query.getMany();
  }

  findOne(tenantId: string, id: string): Promise<Event | null> {
    return this.events.findOneBy({ tenantId, id });
  }

  /**
   * The deliveries of an event. Those that its dispatch made share the first 18 characters of its id; those that replays
   * made have later ids and an index of their own. Two questions, so that each is answered by its index.
   */
  async findDeliveries(tenantId: string, eventId: string): Promise<Delivery[]> {
    const prefix = eventId.slice(0, 18);
    const [first, replayed] = await Promise.all([
      this.deliveries.find({
        where: {
          tenantId,
          eventId,
          replayOf: IsNull(),
          id: Between(`${prefix}-0000-000000000000`, `${prefix}-ffff-ffffffffffff`),
        },
        order: { id: 'ASC' },
      }),
      this.deliveries.find({
        where: { tenantId, eventId, replayOf: Not(IsNull()), id: MoreThan(eventId) },
        order: { id: 'ASC' },
      }),
    ]);
    return [...first, ...replayed];
  }
}
