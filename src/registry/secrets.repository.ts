// The secrets of webhooks and those of sources in PostgreSQL: which of them live, and how they come and go without a gap.
// Whoever changes them has locked the row of their owner.
import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager, EntityTarget } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { LastSecretError, SecretNotFoundError } from './registry.errors.js';
import type { SecretColumns } from './secret.columns.js';
import { SourceSecret } from './source-secret.entity.js';
import { WebhookSecret } from './webhook-secret.entity.js';

export type NewWebhookSecret = Pick<
  WebhookSecret,
  'id' | 'tenantId' | 'webhookId' | 'ciphertext' | 'hint' | 'publicKey'
>;
export type NewSourceSecret = Pick<SourceSecret, 'id' | 'tenantId' | 'sourceId' | 'ciphertext' | 'hint'>;

const LIVE = '(expires_at IS NULL OR expires_at > now())';

abstract class SecretsRepository<Row extends SecretColumns, NewRow extends Pick<SecretColumns, 'id'>> {
  /** @param owner - The property that says whose a secret is. */
  protected constructor(
    private readonly database: TenantDatabase,
    private readonly entity: EntityTarget<Row>,
    private readonly owner: string & keyof NewRow,
  ) {}

  /** The live secrets of some owners, newest first. */
  findLive(tenantId: string, ownerIds: readonly string[], within?: EntityManager): Promise<Row[]> {
    const find = (manager: EntityManager): Promise<Row[]> =>
      manager
        .createQueryBuilder(this.entity, 'secret')
        .where({ tenantId, [this.owner]: In([...ownerIds]) })
        .andWhere(LIVE)
        .orderBy('secret.id', 'DESC')
        .getMany();
    return this.database.as(tenantId, find, within);
  }

  async insert(manager: EntityManager, secrets: readonly NewRow[]): Promise<void> {
    await manager.insert<SecretColumns>(this.entity, [...secrets]);
  }

  /** Adds the newest secret. The others live on for so long, or for what was left of theirs; by default nothing changes for them. */
  async add(manager: EntityManager, secret: NewRow, othersLiveMs?: number): Promise<Row> {
    if (othersLiveMs !== undefined) {
      await manager
        .createQueryBuilder()
        .update<SecretColumns>(this.entity)
        .set({ expiresAt: () => `least(expires_at, now() + :othersLiveMs::float8 * interval '1 millisecond')` })
        .where({ [this.owner]: secret[this.owner] })
        .andWhere(LIVE)
        .setParameters({ othersLiveMs })
        .execute();
    }
    await this.insert(manager, [secret]);
    return manager.createQueryBuilder(this.entity, 'secret').where({ id: secret.id }).getOneOrFail();
  }

  /**
   * Ends a secret now. Of those that are left, the newest no longer expires: its owner must always be able to sign or to verify.
   *
   * @throws SecretNotFoundError, LastSecretError
   */
  async retire(manager: EntityManager, tenantId: string, ownerId: string, secretId: string): Promise<void> {
    const live = await this.findLive(tenantId, [ownerId], manager);
    if (!live.some(({ id }) => id === secretId)) throw new SecretNotFoundError();
    const [newest] = live.filter(({ id }) => id !== secretId);
    if (!newest) throw new LastSecretError();
    await manager.delete<SecretColumns>(this.entity, { id: secretId });
    await manager.update<SecretColumns>(this.entity, { id: newest.id }, { expiresAt: null });
  }

  async replaceAll(manager: EntityManager, ownerId: string, secrets: readonly NewRow[]): Promise<void> {
    await manager.delete(this.entity, { [this.owner]: ownerId });
    await this.insert(manager, secrets);
  }
}

@Injectable()
export class WebhookSecretsRepository extends SecretsRepository<WebhookSecret, NewWebhookSecret> {
  constructor(database: TenantDatabase) {
    super(database, WebhookSecret, 'webhookId');
  }
}

@Injectable()
export class SourceSecretsRepository extends SecretsRepository<SourceSecret, NewSourceSecret> {
  constructor(database: TenantDatabase) {
    super(database, SourceSecret, 'sourceId');
  }
}
