// What webhooks take, for whoever asks why an event did or did not go to one.
import { Injectable } from '@nestjs/common';
import { IdempotencyLedger } from '../platform/idempotency/index.js';
import type { IdempotentRequest } from '../platform/idempotency/index.js';
import type { FilterVerdictDto, TestFilterDto } from './dto/test-filter.dto.js';
import { verdictOf } from './filter-verdict.js';
import { WebhookNotFoundError } from './registry.errors.js';
import type { Webhook } from './webhook.entity.js';
import { WebhooksRepository } from './webhooks.repository.js';

/** What decides which events a webhook gets. */
export type Subscription = Pick<Webhook, 'id' | 'patterns' | 'filter' | 'createdAt' | 'updatedAt'>;

@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly ledger: IdempotencyLedger,
  ) {}

  /** The webhooks of a tenant, newest first. */
  findPage(tenantId: string, limit: number, beforeId: string | undefined): Promise<Subscription[]> {
    return this.webhooks.findPage(tenantId, limit, beforeId);
  }

  /** Asks a webhook's filter, or another one in its place; nothing is sent or changed. @throws WebhookNotFoundError, InvalidFilterError */
  async test(
    tenantId: string,
    webhookId: string,
    { event, data, tags, filter }: TestFilterDto,
    request?: IdempotentRequest,
  ): Promise<FilterVerdictDto> {
    const webhook = await this.webhooks.find(tenantId, webhookId);
    if (!webhook) throw new WebhookNotFoundError();
    const asked = filter === undefined ? webhook.filter : filter;
    const verdict = verdictOf(webhook.patterns, asked, { event, data, tags: tags ?? [] });
    return this.ledger.remember(tenantId, request, verdict);
  }
}
