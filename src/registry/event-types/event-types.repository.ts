// The catalogue in PostgreSQL. Every question names the tenant.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Not, Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE } from '../../platform/database/index.js';
import { Tenant } from '../tenant.entity.js';
import { EventType } from './event-type.entity.js';

/** What may be changed of an event type. */
export type EventTypeChange = Partial<
  Pick<EventType, 'description' | 'schema' | 'schemaId' | 'example' | 'version' | 'deprecated' | 'archived'>
>;

export type NewEventType = Pick<EventType, 'id' | 'tenantId' | 'name'> & EventTypeChange;

@Injectable()
export class EventTypesRepository {
  constructor(@InjectRepository(EventType, DATA_SOURCE) private readonly types: Repository<EventType>) {}

  find(tenantId: string, name: string, manager: EntityManager = this.types.manager): Promise<EventType | null> {
    return manager.findOneBy(EventType, { tenantId, name });
  }

  /** Newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<EventType[]> {
    return this.types.find({
      where: { tenantId, ...(beforeId !== undefined && { id: LessThan(beforeId) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** Those in use, by name. */
  findInUse(tenantId: string): Promise<EventType[]> {
    return this.types.find({ where: { tenantId, archived: false }, order: { name: 'ASC' } });
  }

  /** What dispatching has to know of all types in use: a few bytes of each. */
  findNames(tenantId: string): Promise<Pick<EventType, 'name' | 'schemaId'>[]> {
    return this.types.find({ select: { name: true, schemaId: true }, where: { tenantId, archived: false } });
  }

  /** Of whichever type has it now. */
  async findSchema(tenantId: string, schemaId: string): Promise<object | null> {
    const type = await this.types.findOneBy({ tenantId, schemaId, schema: Not(IsNull()) });
    return type?.schema ?? null;
  }

  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.types.manager.transaction(work);
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
