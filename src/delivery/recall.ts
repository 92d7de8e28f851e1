// Takes back what has been claimed and not sent yet, once it is not to be sent any more: its webhook pauses, is disabled or
// deleted, with its tenant or alone, or its payload is erased. Each of those requests would use up an attempt, or tell what is
// gone. What is in flight is left alone.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Notifications } from '../platform/database/index.js';
import { WebhookChanges } from '../registry/index.js';
import { Sender } from './sender.js';
import type { HealthChange, Settlement } from './settle/settlement.js';

/** Hints that there is something to take back: other processes hold some of it too. */
const TOPIC = 'recall';

@Injectable()
export class Recall implements OnModuleInit {
  constructor(
    private readonly notifications: Notifications,
    private readonly changes: WebhookChanges,
    private readonly sender: Sender,
  ) {}

  onModuleInit(): void {
    this.changes.listen(({ kind, webhookId }) => {
      if (kind !== 'disabled' && kind !== 'deleted') return;
      void this.sender.giveBack([webhookId]);
      this.notifications.hint(TOPIC);
    });
    this.changes.listenTenantDeleted(() => {
      this.look();
      this.notifications.hint(TOPIC);
    });
    // A process that misses a hint sends what it holds, which takes it no longer than it may hold it; and looks once it hears again.
    this.notifications.listen(TOPIC, () => this.look());
  }

  /**
   * Acts on the erasure of a payload, which is committed. Once it resolves, nothing of it begins to leave this process; others
   * hear of it at the same time. Never rejects.
   */
  async erased(eventId: string): Promise<void> {
    this.notifications.hint(TOPIC);
    await this.sender.giveBack([eventId]);
  }

  /** Acts on what a written batch says of webhooks that pause now, such as those whose circuit opened. Never rejects. */
  async considerPauses(health: readonly HealthChange[]): Promise<void> {
    const paused = health.flatMap(({ webhookId, pausedMs }) => (pausedMs === undefined ? [] : [webhookId]));
    if (paused.length === 0) return;
    this.notifications.hint(TOPIC);
    await this.sender.giveBack(paused);
  }

  /** Acts on a written batch: whatever still waits for it to be on disk goes back. Never rejects. */
  async considerHolds(settled: readonly Settlement[]): Promise<void> {
    await this.sender.giveBack(settled.filter(({ holds }) => holds).map(({ delivery }) => delivery.webhookId));
  }

  /** Gives back what this process holds in vain, whoever found that out. Where it fails, some requests are in vain. */
  private look(): void {
    this.sender.giveBackRevoked().catch(() => undefined);
  }
}
