// Takes back what this process has claimed of a webhook and not sent yet, once the webhook wants nothing: it pauses, is
// disabled or deleted. Each of those requests would use up an attempt. What is in flight is left alone.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Database, Notifications, plainArray } from '../platform/database/index.js';
import type { Statement } from '../platform/database/index.js';
import { WebhooksService } from '../registry/index.js';
import { Sender } from './sender.js';
import type { HealthChange, Settlement } from './settlement.js';

/** Hints at webhooks that want nothing any more: other processes hold some of their deliveries too. */
const TOPIC = 'recall';

@Injectable()
export class Recall implements OnModuleInit {
  private readonly statement: Statement;

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly webhooks: WebhooksService,
    private readonly sender: Sender,
  ) {
    const t = database.tables;
    this.statement = {
      name: 'posthorn_delivery_recall',
      // Which of these webhooks want nothing now. By their keys; locks nothing.
      text: `SELECT w.id FROM ${t.webhook} w LEFT JOIN ${t.webhook_health} h ON h.webhook_id = w.id
             WHERE w.id = ANY ($1::uuid[]) AND (NOT w.active OR w.deleted_at IS NOT NULL OR h.paused_until > now())`,
    };
  }

  onModuleInit(): void {
    this.webhooks.changes.subscribe(({ kind, webhookId }) => {
      if (kind !== 'disabled' && kind !== 'deleted') return;
      void this.sender.giveBack([webhookId]);
      this.notifications.hint(TOPIC);
    });
    // A hint that is lost costs requests in vain, and nothing else.
    this.notifications.listen(TOPIC, () => void this.look().catch(() => undefined));
  }

  /** Acts on what a written batch says of webhooks that pause now, such as those whose circuit opened. Never rejects. */
  async considerPauses(health: readonly HealthChange[]): Promise<void> {
    await this.sender.giveBack(
      health.flatMap(({ webhookId, pausedMs }) => (pausedMs === undefined ? [] : [webhookId])),
    );
  }

  /** Acts on a written batch: whatever still waits for it to be on disk goes back. Never rejects. */
  async considerHolds(settled: readonly Settlement[]): Promise<void> {
    await this.sender.giveBack(settled.filter(({ holds }) => holds).map(({ delivery }) => delivery.webhookId));
  }

  /** Gives back what this process holds of webhooks that want nothing, whoever found that out. */
  private async look(): Promise<void> {
    const { webhooksWaiting } = this.sender.queue;
    if (webhooksWaiting.length === 0) return;
    const idle = await this.database.query<{ id: string }>(this.statement, [plainArray(webhooksWaiting)]);
    await this.sender.giveBack(idle.map(({ id }) => id));
  }
}
