import { ApiProperty } from '@nestjs/swagger';
import { DELIVERY_STATUSES } from '../../../delivery/index.js';
import type { DeliveryStatus } from '../../../delivery/index.js';
import { FailedClauseDto } from '../../../registry/index.js';

/** Why a webhook got an event, or why not. */
const WEBHOOK_VERDICTS = [
  'matched',
  'disabled',
  'filtered_out',
  'not_subscribed',
  'registered_later',
  'payload_erased',
  'matches_now',
] as const;

type WebhookVerdict = (typeof WEBHOOK_VERDICTS)[number];

/** What an event came to at one webhook. */
export class WebhookExplanation {
  @ApiProperty({ type: String, format: 'uuid' })
  webhookId!: string;

  @ApiProperty({
    enum: WEBHOOK_VERDICTS,
    enumName: 'WebhookVerdict',
    description:
      '`matched` and `disabled` (recorded as skipped) are what happened. Without a delivery, the webhook as it is now is ' +
      'asked: `filtered_out` by `failedClause`, `not_subscribed` to the type, `registered_later` than the event, ' +
      '`payload_erased` so that its filter cannot be asked; `matches_now`: it was another subscription then, or the event ' +
      'was narrowed to other webhooks.',
    example: 'filtered_out',
  })
  verdict!: WebhookVerdict;

  @ApiProperty({ type: FailedClauseDto, nullable: true, description: 'Of `filtered_out`.' })
  failedClause!: FailedClauseDto | null;

  @ApiProperty({ description: 'Whether the webhook was changed after the event was stored.', example: false })
  changedSince!: boolean;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null })
  deliveryId!: string | null;

  @ApiProperty({ enum: DELIVERY_STATUSES, enumName: 'DeliveryStatus', nullable: true, example: null })
  status!: DeliveryStatus | null;
}

export class WebhookExplanations {
  @ApiProperty({ type: [WebhookExplanation], description: 'Newest webhooks first.' })
  data!: WebhookExplanation[];

  @ApiProperty({ type: String, nullable: true, description: 'Gives the next page at `/api/events/{id}/webhooks`.' })
  nextCursor!: string | null;
}
