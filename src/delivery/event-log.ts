// What was sent, to whom, and why not: events with their deliveries, read.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between } from 'typeorm';
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

  /** The deliveries that the dispatch of an event made. They share the first 18 characters of its id. */
  findDeliveries(tenantId: string, eventId: string): Promise<Delivery[]> {
    const prefix = eventId.slice(0, 18);
    return this.deliveries.find({
      where: { tenantId, eventId, id: Between(`${prefix}-0000-000000000000`, `${prefix}-ffff-ffffffffffff`) },
      order: { id: 'ASC' },
    });
  }
}
