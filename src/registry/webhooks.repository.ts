// Webhooks in PostgreSQL. Every question names the tenant; deleted webhooks do not exist here.
import { Injectable } from '@nestjs/common';
import { IsNull, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { isId } from '../kernel/ids.js';
import { TenantDatabase } from '../platform/database/index.js';
import type { SendingPolicyColumns } from './sending-policy.columns.js';
import { Webhook } from './webhook.entity.js';

/** What may be changed of a webhook. */
export type WebhookChange = Partial<
  Pick<
    Webhook,
    | 'url'
    | 'patterns'
    | 'active'
    | 'disabledReason'
    | 'description'
    | 'format'
    | 'headers'
    | 'authentication'
    | 'maxInFlight'
    | 'expiresAfterMs'
    | 'guarantee'
    | 'rateLimitMax'
    | 'rateLimitSeconds'
    | 'ordered'
    | 'filter'
    | 'filterId'
    | keyof SendingPolicyColumns
  >
>;

/** What a new webhook is made of. */
type NewWebhook = Pick<Webhook, 'id' | 'tenantId' | 'url' | 'patterns'> & WebhookChange;

@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** A malformed id is no webhook's, and never reaches PostgreSQL. */
  async find(tenantId: string, id: string, within?: EntityManager): Promise<Webhook | null> {
    if (!isId(id)) return null;
    const where = { id, tenantId, deletedAt: IsNull() };
    return this.database.as(tenantId, (manager) => manager.findOneBy(Webhook, where), within);
  }

  /** Newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<Webhook[]> {
    const where = { tenantId, deletedAt: IsNull(), ...(beforeId !== undefined && { id: LessThan(beforeId) }) };
    return this.database.as(tenantId, (manager) =>
      manager.find(Webhook, { where, order: { id: 'DESC' }, take: limit }),
    );
  }

  transaction<Result>(tenantId: string, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(tenantId, work);
  }

  async insert(manager: EntityManager, webhook: NewWebhook): Promise<void> {
    await manager.insert(Webhook, webhook);
  }

  /**
   * Runs `work` while nobody else changes this webhook or its secrets; `undefined` where there is no such webhook.
   *
   * The lock lets deliveries and secrets that refer to the webhook be inserted: only its other changers wait.
   */
  async locked<Result>(
    tenantId: string,
    id: string,
    work: (webhook: Webhook, manager: EntityManager) => Promise<Result>,
  ): Promise<Result | undefined> {
    if (!isId(id)) return undefined;
    return this.database.transaction(tenantId, async (manager) => {
      const webhook = await manager.findOne(Webhook, {
        where: { id, tenantId, deletedAt: IsNull() },
        lock: { mode: 'for_no_key_update' },
      });
      return webhook ? work(webhook, manager) : undefined;
    });
  }

  /** Only the given columns: what another request changed at the same time stays. */
  async update(manager: EntityManager, id: string, change: WebhookChange): Promise<void> {
    await manager.update(Webhook, { id }, { ...change, updatedAt: () => 'now()' });
  }

  /** True for the call that disabled it. One statement: of several at once, one wins. */
  async disable(manager: EntityManager, tenantId: string, id: string, reason: string): Promise<boolean> {
    if (!isId(id)) return false;
    const where = { id, tenantId, active: true, deletedAt: IsNull() };
    const change = { active: false, disabledReason: reason, updatedAt: () => 'now()' };
    const { affected } = await manager.update(Webhook, where, change);
    return affected === 1;
  }

  /** True for the call that deleted it. */
  async delete(manager: EntityManager, tenantId: string, id: string): Promise<boolean> {
    if (!isId(id)) return false;
    const { affected } = await manager.update(
      Webhook,
      { id, tenantId, deletedAt: IsNull() },
      { deletedAt: () => 'now()' },
    );
    return affected === 1;
  }
}
