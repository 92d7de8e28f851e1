// What a run of failures means for a webhook: warnings, disabling, and telling its owner by operational events.
import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { AutoDisableRule } from '../../kernel/auto-disable.js';
import { RESERVED_PREFIX } from '../../kernel/event-match.js';
import { Database } from '../../platform/database/index.js';
import type { SqlExecutor } from '../../platform/database/index.js';
import { WebhookChanges, WebhooksService } from '../../registry/index.js';
import { DueDeliveries } from '../due-deliveries.js';
import type { ExhaustedDelivery } from '../due-deliveries.js';
import { OperationalEvents } from './operational-events.js';
import type { HealthChange, Settlement } from '../settle/settlement.js';

/** Shares of the auto-disable rule at which the owner is warned, in percent. */
const WARN_AT = [50, 75] as const;

/** The warning without which no webhook is disabled for failing, however long it was sent nothing that could have failed. */
const LAST_WARNING = 75;

/** Stands in the place of a warning where none was given, yet the owner was told that something is wrong. */
const TOLD = 1;

/**
 * Tenants that are told at once of what failed in a batch. The next batch waits for it: told one after the other, a receiver
 * that is down for hundreds of tenants would hold up what all others have answered.
 */
const TOLD_AT_ONCE = 4;

/** To be called once a transaction has committed. */
type Spread = () => void;

@Injectable()
export class WebhookHealth implements OnModuleInit {
  private readonly logger = new Logger('WebhookHealth');

  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhooksService,
    private readonly changes: WebhookChanges,
    private readonly due: DueDeliveries,
    private readonly events: OperationalEvents,
  ) {}

  onModuleInit(): void {
    // After a crash between the change and this, the claim skips what is pending and the sweep what is retrying.
    this.changes.listen(({ kind, webhookId }) => {
      if (kind === 'disabled' || kind === 'deleted') void this.attempt(() => this.due.skipWaiting(webhookId));
    });
  }

  /** Acts on a written batch. Never rejects: health is a consequence of outcomes, not a condition for writing them. */
  async consider(settled: readonly Settlement[], health: readonly HealthChange[]): Promise<void> {
    for (const { delivery, verdict } of settled) {
      if (verdict.gone) await this.attempt(() => this.disable(delivery, 'gone'));
    }
    await this.tellExhausted(settled.filter(({ verdict }) => verdict.status === 'failed').map(toExhausted));
    for (const change of health) {
      const own = settled.filter(({ delivery }) => delivery.webhookId === change.webhookId);
      const rule = own[0]?.delivery.policy.autoDisable;
      // Where replays or test events alone have failed nothing counts, and nothing has recovered.
      if (change.failures === 0 && !own.some(({ attempt }) => attempt.outcome === 'success')) continue;
      await this.attempt(() => this.considerWebhook(change, rule));
    }
  }

  private async considerWebhook(change: HealthChange, rule: AutoDisableRule | false | undefined): Promise<void> {
    const { tenantId, webhookId, failures, warnedPercent } = change;
    if (failures === 0) {
      if (warnedPercent > 0 && !(await this.putOff(webhookId)))
        await this.events.tell(tenantId, 'posthorn.webhook.recovered', { webhookId });
      return;
    }
    if (!rule) return;
    if (hasReached(100, rule, change))
      return this.disable(change, 'failing', (executor) => this.warn(executor, change, LAST_WARNING));
    const warning = WARN_AT.findLast((percent) => hasReached(percent, rule, change));
    if (warning === undefined || warning <= warnedPercent) return;
    const spread = await this.database.transaction((executor) => this.warn(executor, change, warning));
    spread?.();
  }

  /** Gives a warning, unless it was given. */
  private async warn(
    executor: SqlExecutor,
    { tenantId, webhookId, failures, failingMs }: HealthChange,
    percent: number,
  ): Promise<Spread | undefined> {
    if (!(await this.noteTold(executor, webhookId, percent))) return undefined;
    const facts = { webhookId, failures, failingMs: Math.round(failingMs), percent };
    return this.events.store(executor, tenantId, 'posthorn.webhook.failing', facts);
  }

  /** Tells of deliveries that have failed for good. Never rejects. */
  async tellExhausted(failed: readonly ExhaustedDelivery[]): Promise<void> {
    // The failures of operational events cause none: a dead receiver of them would feed itself.
    const told = failed.filter(({ event }) => !event.startsWith(RESERVED_PREFIX));
    const factsOf = new Map<string, Omit<ExhaustedDelivery, 'tenantId'>[]>();
    for (const { tenantId, ...fact } of told) {
      const facts = factsOf.get(tenantId);
      if (facts) facts.push(fact);
      else factsOf.set(tenantId, [fact]);
    }
    const left = [...factsOf];
    const tellSome = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [tenantId, facts] = next;
        await this.attempt(() => this.events.tell(tenantId, 'posthorn.delivery.exhausted', ...facts));
      }
    };
    await Promise.all(Array.from({ length: TOLD_AT_ONCE }, tellSome));
  }

  /** A webhook is never disabled without its owner being told: where that fails it stays enabled, until its next failure. */
  private async disable(
    { tenantId, webhookId }: Pick<HealthChange, 'tenantId' | 'webhookId'>,
    reason: 'gone' | 'failing',
    before?: (executor: SqlExecutor) => Promise<Spread | undefined>,
  ): Promise<void> {
    const spread = await this.webhooks.disable(tenantId, webhookId, reason, async (executor) => {
      const warned = await before?.(executor);
      await this.noteTold(executor, webhookId, TOLD);
      return [warned, await this.events.store(executor, tenantId, 'posthorn.webhook.disabled', { webhookId, reason })];
    });
    if (!spread) return;
    this.logger.warn(`Disabled webhook ${webhookId} of tenant ${tenantId}: ${reason}`);
    for (const each of spread) each?.();
  }

  /** True for the one process that tells this. */
  private async noteTold(executor: SqlExecutor, webhookId: string, percent: number): Promise<boolean> {
    const rows = await executor.query(
      {
        name: 'posthorn_health_warn',
        text: `UPDATE ${this.database.tables.webhook_health} SET warned_percent = $2
               WHERE webhook_id = $1 AND warned_percent < $2 RETURNING webhook_id`,
      },
      [webhookId, percent],
    );
    return rows.length > 0;
  }

  /**
   * True for a webhook that is disabled: the success was of an attempt that was under way, and nobody may take the webhook to
   * work. The first one after it is enabled tells.
   */
  private async putOff(webhookId: string): Promise<boolean> {
    const { webhook, webhook_health } = this.database.tables;
    const rows = await this.database.query(
      {
        name: 'posthorn_health_put_off',
        text: `INSERT INTO ${webhook_health} AS h (webhook_id, tenant_id, consecutive_failures, failing_since, warned_percent)
               SELECT id, tenant_id, 0, now(), ${TOLD} FROM ${webhook} WHERE id = $1 AND NOT active
               ON CONFLICT (webhook_id) DO UPDATE SET warned_percent = greatest(h.warned_percent, ${TOLD}) RETURNING webhook_id`,
      },
      [webhookId],
    );
    return rows.length > 0;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error(`Could not act on the health of a webhook: ${(error as Error).message}`);
    }
  }
}

/** Compared and not divided: a rule by count alone asks for no time. */
const hasReached = (percent: number, rule: AutoDisableRule, { failures, failingMs }: HealthChange): boolean =>
  100 * failingMs >= percent * rule.afterMs && 100 * failures >= percent * rule.attempts;

const toExhausted = ({ delivery }: Settlement): ExhaustedDelivery => ({
  tenantId: delivery.tenantId,
  deliveryId: delivery.id,
  eventId: delivery.eventId,
  event: delivery.eventType,
  webhookId: delivery.webhookId,
  attempts: delivery.number,
});
