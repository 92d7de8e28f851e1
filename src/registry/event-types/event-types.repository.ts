// The catalogue in PostgreSQL. Every question names the tenant.
import { Injectable } from '@nestjs/common';
import { IsNull, LessThan, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { TenantDatabase } from '../../platform/database/index.js';
import { Tenant } from '../tenant.entity.js';
import { EventType } from './event-type.entity.js';

/** What may be changed of an event type. */
export type EventTypeChange = Partial<
  Pick<EventType, 'description' | 'schema' | 'schemaId' | 'example' | 'version' | 'deprecated' | 'archived'>
>;

type NewEventType = Pick<EventType, 'id' | 'tenantId' | 'name'> & EventTypeChange;

@Injectable()
export class EventTypesRepository {
  constructor(private readonly database: TenantDatabase) {}

  find(tenantId: string, name: string, within?: EntityManager): Promise<EventType | null> {
    return this.database.as(tenantId, (manager) => manager.findOneBy(EventType, { tenantId, name }), within);
  }

  /** Newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<EventType[]> {
    const where = { tenantId, ...(beforeId !== undefined && { id: LessThan(beforeId) }) };
    return this.database.as(tenantId, (manager) =>
      manager.find(EventType, { where, order: { id: 'DESC' }, take: limit }),
    );
  }

  /** Those in use, by name. */
  findInUse(tenantId: string): Promise<EventType[]> {
    const where = { tenantId, archived: false };
    return this.database.as(tenantId, (manager) => manager.find(EventType, { where, order: { name: 'ASC' } }));
  }

  /** What dispatching has to know of all types in use: a few bytes of each. */
  findNames(tenantId: string): Promise<Pick<EventType, 'name' | 'schemaId'>[]> {
    const names = { select: { name: true, schemaId: true }, where: { tenantId, archived: false } } as const;
    return this.database.as(tenantId, (manager) => manager.find(EventType, names));
  }

  /** Of whichever type has it now. */
  async findSchema(tenantId: string, schemaId: string): Promise<object | null> {
    const where = { tenantId, schemaId, schema: Not(IsNull()) };
    const type = await this.database.as(tenantId, (manager) => manager.findOneBy(EventType, where));
    return type?.schema ?? null;
  }

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(tenantId, work);
  }

  /** Until the transaction ends nobody else changes the tenant's catalogue, nor ends the tenant: false where it has ended. */
  async lock(manager: EntityManager, tenantId: string): Promise<boolean> {
    const where = { id: tenantId, deletedAt: IsNull() };
    return (await manager.findOne(Tenant, { where, lock: { mode: 'for_no_key_update' } })) !== null;
  }

  count(manager: EntityManager, tenantId: string): Promise<number> {
    return manager.countBy(EventType, { tenantId });
  }

  /** Bytes of all schemas and examples. */
  async size(manager: EntityManager, tenantId: string): Promise<number> {
    const { bytes } = (await manager
      .createQueryBuilder(EventType, 'type')
      .select(
        'coalesce(sum(octet_length(type.schema::text)), 0) + coalesce(sum(octet_length(type.example::text)), 0)',
        'bytes',
      )
      .where({ tenantId })
      .getRawOne<{ bytes: string }>()) ?? { bytes: '0' };
    return Number(bytes);
  }

  async insert(manager: EntityManager, type: NewEventType): Promise<void> {
    await manager.insert(EventType, type);
  }

  /** Only the given columns. */
  async update(manager: EntityManager, id: string, change: EventTypeChange): Promise<void> {
    if (Object.keys(change).length > 0)
      await manager.update(EventType, { id }, { ...change, updatedAt: () => 'now()' });
  }

  async delete(manager: EntityManager, tenantId: string, name: string): Promise<boolean> {
    return (await manager.delete(EventType, { tenantId, name })).affected === 1;
  }
}
