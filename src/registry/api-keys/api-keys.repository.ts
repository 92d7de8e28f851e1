// API keys in PostgreSQL. Revoked keys do not exist here: their rows stay, for whoever asks later what they were.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE, TenantDatabase } from '../../platform/database/index.js';
import { ApiKey } from './api-key.entity.js';

type NewApiKey = Pick<
  ApiKey,
  'id' | 'tenantId' | 'name' | 'prefix' | 'fingerprint' | 'scopes' | 'createdBy' | 'expiresAt'
>;

@Injectable()
export class ApiKeysRepository {
  /** @param keys - Of every tenant: whose a key is, one knows only when it was found. */
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(ApiKey, DATA_SOURCE) private readonly keys: Repository<ApiKey>,
  ) {}

  find(tenantId: string, id: string, within?: EntityManager): Promise<ApiKey | null> {
    const where = { tenantId, id, revokedAt: IsNull() };
    return this.database.as(tenantId, (manager) => manager.findOneBy(ApiKey, where), within);
  }

  /** Newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<ApiKey[]> {
    const where = { tenantId, revokedAt: IsNull(), ...(beforeId !== undefined && { id: LessThan(beforeId) }) };
    return this.database.as(tenantId, (manager) => manager.find(ApiKey, { where, order: { id: 'DESC' }, take: limit }));
  }

  /** The keys that may be used now and begin like this: one, or by a rare accident two. Of whichever tenant. */
  findUsableByPrefix(prefix: string): Promise<ApiKey[]> {
    return (
      this.keys
        .createQueryBuilder('key')
        // Of a tenant that is there: one more may have been made while it was being deleted.
        .innerJoin('key.tenant', 'tenant', 'tenant.deletedAt IS NULL')
        .where({ prefix, revokedAt: IsNull() })
        .andWhere('(key.expires_at IS NULL OR key.expires_at > now())')
        .getMany()
    );
  }

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(tenantId, work);
  }

  async insert(manager: EntityManager, key: NewApiKey): Promise<ApiKey> {
    await manager.insert(ApiKey, key);
    return manager.findOneByOrFail(ApiKey, { id: key.id });
  }

  /** The key that it revoked; `undefined` where there is none, or somebody else just did. */
  async revoke(manager: EntityManager, tenantId: string, id: string): Promise<ApiKey | undefined> {
    const key = await this.find(tenantId, id, manager);
    const { affected } = await manager.update(
      ApiKey,
      { tenantId, id, revokedAt: IsNull() },
      { revokedAt: () => 'now()' },
    );
    return affected === 1 && key ? key : undefined;
  }

  /** At most once a minute for each key, whichever processes saw it used. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.keys
      .createQueryBuilder()
      .update()
      .set({ lastUsedAt: () => 'now()' })
      .whereInIds([...ids])
      .andWhere(`(last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`)
      .execute();
  }
}
