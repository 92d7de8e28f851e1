// How many webhooks and sources a tenant may have: as its row says, else as the installation does. Settled in SQL: creations of
// one tenant take turns, so that no two of them can take the last place.
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { QuotaExceededError, TenantNotFoundError } from './registry.errors.js';
import { Source } from './source.entity.js';
import { Tenant } from './tenant.entity.js';
import { Webhook } from './webhook.entity.js';

const COUNTED = { webhooks: Webhook, sources: Source } as const;

@Injectable()
export class Quotas {
  constructor(@Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'maxWebhooks' | 'maxSources'>) {}

  /**
   * Sees that there is room for one more, until the transaction ends. Locks the tenant's row against other creations, and
   * against its end; what merely refers to it goes on.
   *
   * @throws QuotaExceededError, TenantNotFoundError where it was deleted a moment ago
   */
  async makeRoom(manager: EntityManager, tenantId: string, noun: keyof typeof COUNTED): Promise<void> {
    const tenant = await manager.findOne(Tenant, { where: { id: tenantId }, lock: { mode: 'for_no_key_update' } });
    if (!tenant || tenant.deletedAt) throw new TenantNotFoundError();
    const { maxWebhooks, maxSources } = this.settings;
    const limit = { webhooks: tenant.maxWebhooks ?? maxWebhooks, sources: tenant.maxSources ?? maxSources }[noun];
    // No further than it takes to know: a large tenant is not counted through.
    const rows = await manager
      .createQueryBuilder(COUNTED[noun], 'row')
      .select('1', 'one')
      .where('row.tenantId = :tenantId AND row.deletedAt IS NULL', { tenantId })
      .limit(limit)
      .getRawMany();
    if (rows.length >= limit) throw new QuotaExceededError(noun, limit);
  }
}
