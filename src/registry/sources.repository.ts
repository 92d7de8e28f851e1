// Sources in PostgreSQL. Every question names the tenant; deleted sources do not exist here.
import { Injectable } from '@nestjs/common';
import { IsNull, LessThan } from 'typeorm';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { Source } from './source.entity.js';

/** What may be changed of a source. */
export type SourceChange = Partial<
  Pick<
    Source,
    | 'config'
    | 'processing'
    | 'relay'
    | 'toleranceSeconds'
    | 'maxBodyBytes'
    | 'readTimeoutMs'
    | 'idempotencyWindowSeconds'
    | 'silentAfterSeconds'
    | 'silentAfterGaps'
    | 'rateLimitMax'
    | 'rateLimitSeconds'
    | 'allowedIps'
    | 'answer'
  >
>;

type NewSource = Pick<Source, 'id' | 'tenantId' | 'name' | 'provider'> & SourceChange;

@Injectable()
export class SourcesRepository {
  constructor(private readonly database: TenantDatabase) {}

  findByName(tenantId: string, name: string, within?: EntityManager): Promise<Source | null> {
    const where = { tenantId, name, deletedAt: IsNull() };
    return this.database.as(tenantId, (manager) => manager.findOneBy(Source, where), within);
  }

  /** Newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<Source[]> {
    const where = { tenantId, deletedAt: IsNull(), ...(beforeId !== undefined && { id: LessThan(beforeId) }) };
    return this.database.as(tenantId, (manager) => manager.find(Source, { where, order: { id: 'DESC' }, take: limit }));
  }

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(tenantId, work);
  }

  /** False where the name is taken, whoever took it first. */
  async insert(manager: EntityManager, source: NewSource): Promise<boolean> {
    const result = await manager
      .createQueryBuilder()
      .insert()
      .into(Source)
      .values(source as QueryDeepPartialEntity<Source>)
      .orIgnore()
      .returning(['id'])
      .execute();
    return (result.raw as unknown[]).length > 0;
  }

  /**
   * Makes the source unless it is there, then runs `work` while no other process does the same with it: two replicas
   * that start at once take turns.
   */
  ensured(source: NewSource, work: (source: Source, manager: EntityManager) => Promise<void>): Promise<void> {
    return this.database.transaction(source.tenantId, async (manager) => {
      // Waits for a concurrent insert of the same name to commit, and then leaves the row to it.
      await manager
        .createQueryBuilder()
        .insert()
        .into(Source)
        .values(source as QueryDeepPartialEntity<Source>)
        .orIgnore()
        .execute();
      await work(await this.lock(manager, source.tenantId, source.name).then(found), manager);
    });
  }

  /** Runs `work` while nobody else changes this source or its secrets; `undefined` where there is no such source. */
  locked<Result>(
    tenantId: string,
    name: string,
    work: (source: Source, manager: EntityManager) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.database.transaction(tenantId, async (manager) => {
      const source = await this.lock(manager, tenantId, name);
      return source ? work(source, manager) : undefined;
    });
  }

  /** Only the given columns: what another request changed at the same time stays. */
  async update(manager: EntityManager, id: string, change: SourceChange & { provider?: string }): Promise<void> {
    const columns = { ...change, updatedAt: () => 'now()' } as QueryDeepPartialEntity<Source>;
    await manager.update(Source, { id }, columns);
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.update(Source, { id }, { deletedAt: () => 'now()' });
  }

  private lock(manager: EntityManager, tenantId: string, name: string): Promise<Source | null> {
    return manager.findOne(Source, {
      where: { tenantId, name, deletedAt: IsNull() },
      lock: { mode: 'for_no_key_update' },
    });
  }
}

const found = (source: Source | null): Source => {
  if (!source) throw new Error('A source was deleted while it was being set up; the next start makes it.');
  return source;
};
