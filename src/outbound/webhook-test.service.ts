// Test events: real ones, to one webhook, so that what arrives is what will arrive in earnest.
import { Inject, Injectable } from '@nestjs/common';
import { DeliveryWake, EventStore, WebhookDisabledError } from '../delivery/index.js';
import type { Clock } from '../kernel/clock.js';
import { AuditLog } from '../platform/audit/index.js';
import type { Author } from '../platform/audit/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import { CLOCK_TOKEN } from '../platform/platform.module.js';
import { WebhooksService } from '../registry/index.js';
import type { DispatchView, TestEventDto } from './dto/event-dto.js';
import { checkTestEvent } from './event-check.js';

@Injectable()
export class WebhookTestService {
  constructor(
    private readonly ledger: IdempotencyLedger,
    private readonly audit: AuditLog,
    private readonly webhooks: WebhooksService,
    private readonly events: EventStore,
    private readonly wake: DeliveryWake,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {}

  /** @throws WebhookNotFoundError, WebhookDisabledError, and what an event is refused for */
  async send(
    tenantId: string,
    webhookId: string,
    input: TestEventDto,
    request: IdempotentRequest | undefined,
    author?: Author,
  ): Promise<DispatchView> {
    const event = checkTestEvent(input, this.clock(), this.settings);
    // Says whether there is one; whether it is active is decided where the event is stored.
    await this.webhooks.get(tenantId, webhookId);
    const sent = await this.ledger.run(tenantId, request, async (executor) => {
      if (!(await this.events.addForOneWebhook(executor, tenantId, webhookId, event))) throw new WebhookDisabledError();
      await this.audit.record(executor, author, { action: 'webhook.tested', resource: webhookId });
      return { id: event.id, event: event.type, deliveries: 1 };
    });
    this.wake.everywhere([webhookId]);
    return sent;
  }
}
