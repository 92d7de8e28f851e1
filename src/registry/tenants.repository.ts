import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';
import type { SendingPolicyColumns } from './sending-policy.columns.js';
import { Tenant } from './tenant.entity.js';

/** What may be changed of a tenant. */
export type TenantChange = Partial<Pick<Tenant, 'name' | keyof SendingPolicyColumns>>;

@Injectable()
export class TenantsRepository {
  constructor(@InjectRepository(Tenant, DATA_SOURCE) private readonly rows: Repository<Tenant>) {}

  exists(id: string): Promise<boolean> {
    return this.rows.existsBy({ id });
  }

  find(id: string): Promise<Tenant | null> {
    return this.rows.findOneBy({ id });
  }

  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.rows.manager.transaction(work);
  }

  /** Only the given columns. */
  async update(manager: EntityManager, id: string, change: TenantChange): Promise<void> {
    if (Object.keys(change).length > 0) await manager.update(Tenant, { id }, change);
  }

  /** The tenant, which nobody else changes until the transaction ends; rows that refer to it may be inserted meanwhile. */
  lock(manager: EntityManager, id: string): Promise<Tenant | null> {
    return manager.findOne(Tenant, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  read(manager: EntityManager, id: string): Promise<Tenant> {
    return manager.findOneByOrFail(Tenant, { id });
  }

  /** The new tenant, or `undefined` where the id is taken, whoever took it first. */
  async insert(
    manager: EntityManager,
    tenant: Pick<Tenant, 'id' | 'name'> & TenantChange,
  ): Promise<Tenant | undefined> {
    const rows = manager.getRepository(Tenant);
    const result = await rows.createQueryBuilder().insert().values(tenant).orIgnore().returning(['id']).execute();
    return (result.raw as unknown[]).length > 0 ? rows.findOneByOrFail({ id: tenant.id }) : undefined;
  }

  /** Newest first; `beforeId` is the last tenant of the page before. */
  findPage(limit: number, beforeId: string | undefined): Promise<Tenant[]> {
    const page = this.rows
      .createQueryBuilder('tenant')
      .orderBy('tenant.createdAt', 'DESC')
      .addOrderBy('tenant.id', 'DESC');
    if (beforeId !== undefined) {
      // Tenant ids are not in order of time, so the position is looked up: in SQL, which keeps the microseconds.
      page.where(
        `(tenant.created_at, tenant.id) <
         (SELECT last.created_at, last.id FROM ${this.rows.metadata.tablePath} last WHERE last.id = :beforeId)`,
        { beforeId },
      );
    }
    return page.take(limit).getMany();
  }
}
