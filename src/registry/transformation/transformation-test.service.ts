// Shows what a webhook would be sent; nothing is sent or changed.
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { IdempotencyLedger } from '../../platform/idempotency/index.js';
import type { IdempotentRequest } from '../../platform/idempotency/index.js';
import { CLOCK_TOKEN } from '../../platform/platform.module.js';
import { WebhookNotFoundError } from '../registry.errors.js';
import { WebhooksRepository } from '../webhooks.repository.js';
import type { TransformedEvent, TransformingWebhook } from './payload-transformer.js';
import type { TestTransformationDto, TransformedDto } from './dto/test-transformation.dto.js';
import { TransformationError, Transformations } from './transformations.js';

@Injectable()
export class TransformationTestService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly transformations: Transformations,
    private readonly ledger: IdempotencyLedger,
    @Inject(CLOCK_TOKEN) private readonly clock: Clock,
  ) {}

  /** @throws WebhookNotFoundError */
  async test(
    tenantId: string,
    webhookId: string,
    { event, data, transformation }: TestTransformationDto,
    request?: IdempotentRequest,
  ): Promise<TransformedDto> {
    const found = await this.webhooks.find(tenantId, webhookId);
    if (!found) throw new WebhookNotFoundError();
    const webhook = transformation === undefined ? found : { ...found, transformation };
    const sent = { id: newId(), event, timestamp: new Date(this.clock()).toISOString(), data };
    return this.ledger.remember(tenantId, request, await this.resultOf(sent, webhook));
  }

  /** It may wait for its turn, and be slow: it holds no connection meanwhile. */
  private async resultOf(sent: TransformedEvent, webhook: TransformingWebhook): Promise<TransformedDto> {
    if (!this.transformations.applyTo(webhook)) return { result: sent, error: null };
    try {
      return { result: JSON.parse(await this.transformations.run(sent, webhook)) as unknown, error: null };
    } catch (error) {
      if (error instanceof TransformationError) return { result: null, error: error.message };
      throw error;
    }
  }
}
