// Takes back what this process has claimed of a webhook and not sent yet, once the webhook wants nothing: it pauses, is
// disabled or deleted. Each of those requests would use up an attempt. What is in flight is left alone.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { WebhooksService } from '../registry/index.js';
import { Sender } from './sender.js';
import type { HealthChange, Settlement } from './settle.js';

@Injectable()
export class Recall implements OnModuleInit {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly sender: Sender,
  ) {}

  onModuleInit(): void {
    this.webhooks.changes.subscribe(({ kind, webhookId }) => {
      if (kind === 'disabled' || kind === 'deleted') void this.sender.giveBack([webhookId]);
    });
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
}
