// Sources and their secrets in PostgreSQL. Every question names the tenant; deleted sources do not exist here.
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { DATA_SOURCE } from '../platform/database/index.js';
import { SourceSecret } from './source-secret.entity.js';
import { Source } from './source.entity.js';

export type NewSource = Pick<Source, 'id' | 'tenantId' | 'name' | 'provider'>;
export type NewSourceSecret = Pick<SourceSecret, 'id' | 'tenantId' | 'sourceId' | 'ciphertext' | 'hint'>;

@Injectable()
export class SourcesRepository {
  constructor(@InjectRepository(Source, DATA_SOURCE) private readonly sources: Repository<Source>) {}

  findByName(tenantId: string, name: string): Promise<Source | null> {
    return this.sources.findOneBy({ tenantId, name, deletedAt: IsNull() });
  }

  /** The live secrets, newest first. */
  findLiveSecrets(
    { tenantId, id }: Pick<Source, 'tenantId' | 'id'>,
    manager: EntityManager = this.sources.manager,
  ): Promise<SourceSecret[]> {
    return manager
      .createQueryBuilder(SourceSecret, 'secret')
      .where({ tenantId, sourceId: id })
      .andWhere('(secret.expires_at IS NULL OR secret.expires_at > now())')
      .orderBy('secret.id', 'DESC')
      .getMany();
  }

  /**
   * Makes the source unless it is there, then runs `work` while no other process does the same with it: two replicas
   * that start at once take turns.
   */
  ensured(source: NewSource, work: (source: Source, manager: EntityManager) => Promise<void>): Promise<void> {
    return this.sources.manager.transaction(async (manager) => {
      // Waits for a concurrent insert of the same name to commit, and then leaves the row to it.
      await manager.createQueryBuilder().insert().into(Source).values(source).orIgnore().execute();
      const { tenantId, name } = source;
      const row = await manager.findOneOrFail(Source, {
        where: { tenantId, name, deletedAt: IsNull() },
        lock: { mode: 'for_no_key_update' },
      });
      await work(row, manager);
    });
  }

  async replaceSecrets(manager: EntityManager, sourceId: string, secrets: readonly NewSourceSecret[]): Promise<void> {
    await manager.delete(SourceSecret, { sourceId });
    await manager.insert(SourceSecret, [...secrets]);
    await manager.update(Source, { id: sourceId }, { updatedAt: () => 'now()' });
  }
}
