import { ApiProperty } from '@nestjs/swagger';

const COUNT = { type: 'integer', minimum: 0, example: 120 } as const;
const WHEN = { type: String, format: 'date-time' } as const;
const MILLISECONDS = { type: 'integer', minimum: 0, nullable: true, example: 84 } as const;
const RATE = {
  type: Number,
  minimum: 0,
  maximum: 1,
  nullable: true,
  example: 0.975,
  description: 'The share of successes; null where there was no attempt.',
} as const;

class LatencyView {
  @ApiProperty(MILLISECONDS)
  p50!: number | null;

  @ApiProperty(MILLISECONDS)
  p95!: number | null;

  @ApiProperty(MILLISECONDS)
  p99!: number | null;
}

/** All of a period. */
export class TotalsView {
  @ApiProperty(COUNT)
  attempts!: number;

  @ApiProperty(COUNT)
  successes!: number;

  @ApiProperty(COUNT)
  failures!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'How many attempts came to what; outcomes that did not occur are not there.',
    example: { success: 117, server_error: 2, timeout: 1 },
  })
  outcomes!: Record<string, number>;

  @ApiProperty(RATE)
  successRate!: number | null;

  @ApiProperty({ type: LatencyView, description: 'How long attempts took, failed ones too; null without any.' })
  latencyMs!: LatencyView;
}

/** One bucket of a chart. */
export class StatsBucketView {
  @ApiProperty({ ...WHEN, description: 'Where it begins.' })
  at!: Date;

  @ApiProperty(COUNT)
  attempts!: number;

  @ApiProperty(COUNT)
  successes!: number;

  @ApiProperty(COUNT)
  failures!: number;

  @ApiProperty(MILLISECONDS)
  p50Ms!: number | null;

  @ApiProperty(MILLISECONDS)
  p95Ms!: number | null;
}

/** Attempts in a period. */
export class AttemptStatsView {
  @ApiProperty({ ...WHEN, description: 'Where the first bucket begins.' })
  since!: Date;

  @ApiProperty({ ...WHEN, description: 'Where the last bucket ends, which may be yet to come.' })
  until!: Date;

  @ApiProperty({ type: 'integer', example: 900 })
  bucketSeconds!: number;

  @ApiProperty({ type: TotalsView })
  totals!: TotalsView;

  @ApiProperty({ type: [StatsBucketView], description: 'Every bucket of the period, in order, empty ones too.' })
  buckets!: StatsBucketView[];
}

class FailingView {
  @ApiProperty({ type: String, format: 'uuid' })
  webhookId!: string;

  @ApiProperty({ type: String, example: 'https://example.com/hooks', description: 'Where it is now.' })
  url!: string;

  @ApiProperty(COUNT)
  attempts!: number;

  @ApiProperty(COUNT)
  failures!: number;

  @ApiProperty(RATE)
  successRate!: number | null;
}

export class BacklogView {
  @ApiProperty({ ...COUNT, description: 'Due, and not taken yet.' })
  pending!: number;

  @ApiProperty({ ...COUNT, description: 'To be delivered later, as was asked for.' })
  scheduled!: number;

  @ApiProperty({ ...COUNT, description: 'Waiting for another attempt.' })
  retrying!: number;

  @ApiProperty({ ...COUNT, description: 'Being sent at this moment.' })
  sending!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 3,
    description: 'For how long the oldest of `pending` has been due; null where there is none.',
  })
  oldestDueSeconds!: number | null;

  @ApiProperty({
    type: 'integer',
    example: 10_000,
    description: 'Counting ends here: so many means at least so many. `scheduled` and `retrying` share it.',
  })
  countedUpTo!: number;
}

/** What a webhook's attempts came to, and what waits. */
export class WebhookStatsView extends AttemptStatsView {
  @ApiProperty({ type: BacklogView, description: 'Of the webhook, whatever the period and the event.' })
  backlog!: BacklogView;
}

/** What a tenant's attempts came to, and what waits. */
export class StatsView extends AttemptStatsView {
  @ApiProperty({ type: [FailingView], description: 'Those with the worst share of successes, at most ten.' })
  failing!: FailingView[];

  @ApiProperty({
    type: BacklogView,
    description: 'Of the tenant, or of the webhook that is asked for, whatever the period and the event.',
  })
  backlog!: BacklogView;
}

class WebhookBucketView {
  @ApiProperty(WHEN)
  at!: Date;

  @ApiProperty(COUNT)
  attempts!: number;

  @ApiProperty(COUNT)
  failures!: number;
}

class WebhookTotalsView {
  @ApiProperty({ type: String, format: 'uuid' })
  webhookId!: string;

  @ApiProperty(COUNT)
  attempts!: number;

  @ApiProperty(COUNT)
  failures!: number;

  @ApiProperty(RATE)
  successRate!: number | null;

  @ApiProperty({ type: [WebhookBucketView] })
  buckets!: WebhookBucketView[];
}

/** Small charts of several webhooks. */
export class WebhookListStatsView {
  @ApiProperty({ type: 'integer', example: 1_800 })
  bucketSeconds!: number;

  @ApiProperty({ type: [WebhookTotalsView], description: 'In the order asked for; without what is not the tenant’s.' })
  data!: WebhookTotalsView[];
}
