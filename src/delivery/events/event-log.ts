// What was sent, to whom, and why not: events with their deliveries, read.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, In, IsNull } from 'typeorm';
import type { Repository } from 'typeorm';
import {
  alongIndex,
  boundsOf,
  columnsOf,
  DATA_SOURCE,
  Database,
  newestOf,
  Parameters,
  readPage,
  TenantDatabase,
  within,
} from '../../platform/database/index.js';
import type { LogPage, Walk } from '../../platform/database/index.js';
import { Delivery } from '../delivery.entity.js';
import { Event } from './event.entity.js';

/** Payloads of one page: what is beyond is on the next one. A single event may have more. */
const MAX_PAGE_BYTES = 8_388_608;

/** An event before its payload is read. */
type Outlined = Omit<Event, 'data'> & { readonly bytes: number };

/** What a page of events is limited to. */
interface EventFilter {
  readonly event?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly beforeId?: string;
}

@Injectable()
export class EventLog {
  constructor(
    private readonly database: Database,
    private readonly tenants: TenantDatabase,
    @InjectRepository(Event, DATA_SOURCE) private readonly events: Repository<Event>,
    @InjectRepository(Delivery, DATA_SOURCE) private readonly deliveries: Repository<Delivery>,
  ) {}

  /** Events newest first, at most `limit`; fewer where the page looked at, or holds, as much as it may. Index event_tenant. */
  async findNewest(tenantId: string, filter: EventFilter, limit: number): Promise<LogPage<Event>> {
    const parameters = new Parameters();
    const bounds = boundsOf(filter);
    const { where, order } = alongIndex({ tenant_id: parameters.bind(tenantId) }, bounds, parameters);
    const walk = {
      from: `${this.database.tables.event} d`,
      where: [...where, ...within('d.id', bounds, parameters)],
      order,
      filters: filter.event ? [`d.type = ${parameters.bind(filter.event)}`] : [],
    };
    // The length of a payload is known without reading it.
    const columns = `${columnsOf(this.events, 'data')}, octet_length(d.data) AS bytes`;
    const page = await readPage<Outlined>(this.tenants.of(tenantId), { walk, columns, limit, parameters });
    const held = withinBytes(page.rows);
    const rows = await this.withData(tenantId, held);
    return held.length < page.rows.length ? { rows, lookedTo: held.at(-1)?.id } : { ...page, rows };
  }

  /** Reads the payloads; an event that is gone by now is left out. No locks; index: the primary key, of the partitions that hold the ids. */
  private async withData(tenantId: string, outlined: readonly Outlined[]): Promise<Event[]> {
    const found = await this.tenants.of(tenantId).query<Pick<Event, 'id' | 'data' | 'dataErasedAt'>>(
      {
        text: `SELECT id, data, data_erased_at AS "dataErasedAt" FROM ${this.database.tables.event}
               WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
      },
      [tenantId, outlined.map(({ id }) => id)],
    );
    const payloadOf = new Map(found.map((row) => [row.id, row]));
    return outlined.flatMap(({ bytes: _bytes, ...event }) => {
      const payload = payloadOf.get(event.id);
      return payload ? [{ ...event, ...payload }] : [];
    });
  }

  findOne(tenantId: string, id: string): Promise<Event | null> {
    return this.tenants.as(tenantId, (manager) => manager.findOneBy(Event, { tenantId, id }));
  }

  /** Those deliveries of an event that its dispatch made to some webhooks. */
  findFirstDeliveries(tenantId: string, eventId: string, webhookIds: readonly string[]): Promise<Delivery[]> {
    const together = Between(firstIdOf(eventId), lastIdOf(eventId));
    const where = { tenantId, eventId, replayOf: IsNull(), webhookId: In([...webhookIds]), id: together };
    return this.tenants.as(tenantId, (manager) => manager.find(Delivery, { where }));
  }

  /**
   * The deliveries of an event newest first, at most `limit`. Those that its dispatch made share the first 18 characters of
   * its id; those that replays made, as many as anybody asked for, have later ids and an index of their own,
   * `delivery_replayed`. Two questions, so that each is answered by its index.
   */
  async findDeliveries(tenantId: string, eventId: string, limit: number, beforeId?: string): Promise<Delivery[]> {
    const pages = await Promise.all([
      this.walkDeliveries(tenantId, limit, (tenant, parameters) => ({
        where: [
          `d.tenant_id = ${tenant} AND d.event_id = ${parameters.bind(eventId)} AND d.replay_of IS NULL`,
          ...within('d.id', { sinceId: firstIdOf(eventId), beforeId }, parameters),
          `d.id <= ${parameters.bind(lastIdOf(eventId))}`,
        ],
      })),
      this.walkDeliveries(tenantId, limit, (tenant, parameters) => {
        const bounds = { sinceId: eventId, beforeId };
        const { where, order } = alongIndex({ event_id: parameters.bind(eventId) }, bounds, parameters);
        const replayed = `d.replay_of IS NOT NULL AND d.tenant_id = ${tenant}`;
        return { where: [...where, replayed, ...within('d.id', bounds, parameters)], order };
      }),
    ]);
    return newestOf(pages, limit).rows;
  }

  private walkDeliveries(
    tenantId: string,
    limit: number,
    along: (tenant: string, parameters: Parameters) => Pick<Walk, 'where' | 'order'>,
  ): Promise<LogPage<Delivery>> {
    const parameters = new Parameters();
    const tenant = parameters.bind(tenantId);
    const walk = { from: `${this.database.tables.delivery} d`, ...along(tenant, parameters), filters: [] };
    return readPage(this.tenants.of(tenantId), { walk, columns: columnsOf(this.deliveries), limit, parameters });
  }
}

/** The ids of deliveries that were made together with their event lie between these two. */
const firstIdOf = (eventId: string): string => `${eventId.slice(0, 18)}-0000-000000000000`;
const lastIdOf = (eventId: string): string => `${eventId.slice(0, 18)}-ffff-ffffffffffff`;

/** From the first on, as many as hold no more than a page may; one at least. */
function withinBytes(rows: readonly Outlined[]): readonly Outlined[] {
  let sum = 0;
  const beyond = rows.findIndex(({ bytes }) => (sum += bytes) > MAX_PAGE_BYTES);
  return beyond < 0 ? rows : rows.slice(0, Math.max(1, beyond));
}
