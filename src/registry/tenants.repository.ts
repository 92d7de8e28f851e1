// Tenants in PostgreSQL. One that is deleted does not exist here, but for its erasure, which goes by its row.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Not, Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import type { SendingPolicyColumns } from './sending-policy.columns.js';
import { Source } from './source.entity.js';
import { Tenant } from './tenant.entity.js';
import { Webhook } from './webhook.entity.js';

/** What may be changed of a tenant. */
type TenantChange = Partial<Pick<Tenant, 'name' | 'maxWebhooks' | 'maxSources' | keyof SendingPolicyColumns>>;

/**
 * How long after its end a tenant may still get rows: from a request that was let in just before, whose body takes its time, or
 * from a process that remembers the tenant for a second.
 */
const UNDER_WAY = `interval '1 minute'`;

@Injectable()
export class TenantsRepository {
  constructor(@InjectRepository(Tenant, DATA_SOURCE) private readonly rows: Repository<Tenant>) {}

  exists(id: string): Promise<boolean> {
    return this.rows.existsBy({ id, deletedAt: IsNull() });
  }

  find(id: string): Promise<Tenant | null> {
    return this.rows.findOneBy({ id, deletedAt: IsNull() });
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
    return manager.findOne(Tenant, { where: { id, deletedAt: IsNull() }, lock: { mode: 'for_no_key_update' } });
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
      .where('tenant.deletedAt IS NULL')
      .orderBy('tenant.createdAt', 'DESC')
      .addOrderBy('tenant.id', 'DESC');
    if (beforeId !== undefined) {
      // Tenant ids are not in order of time, so the position is looked up: in SQL, which keeps the microseconds.
      page.andWhere(
        `(tenant.created_at, tenant.id) <
         (SELECT last.created_at, last.id FROM ${this.rows.metadata.tablePath} last WHERE last.id = :beforeId)`,
        { beforeId },
      );
    }
    return page.take(limit).getMany();
  }

  /** Ends a tenant: with it its webhooks, sources and keys, so that nothing is begun for it any more. */
  async end(manager: EntityManager, id: string): Promise<void> {
    const now = (): string => 'now()';
    await manager.update(Tenant, { id }, { deletedAt: now });
    await manager.update(Webhook, { tenantId: id, deletedAt: IsNull() }, { deletedAt: now });
    await manager.update(Source, { tenantId: id, deletedAt: IsNull() }, { deletedAt: now });
    await manager.update(ApiKey, { tenantId: id, revokedAt: IsNull() }, { revokedAt: now });
  }

  /** The tenants that are to be erased. `isOver`: nothing that was begun before can still add rows. */
  findDeleted(): Promise<{ id: string; isOver: boolean }[]> {
    return this.rows
      .createQueryBuilder('tenant')
      .select('tenant.id', 'id')
      .addSelect(`tenant.deleted_at < now() - ${UNDER_WAY}`, 'isOver')
      .where('tenant.deletedAt IS NOT NULL')
      .getRawMany<{ id: string; isOver: boolean }>();
  }

  /** The last row of an erased tenant. PostgreSQL refuses it while a row that it must not lose refers to it. */
  async forget(id: string): Promise<void> {
    await this.rows.delete({ id, deletedAt: Not(IsNull()) });
  }
}
