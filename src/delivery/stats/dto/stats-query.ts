import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsString, IsUUID, Matches } from 'class-validator';
import { IfPresent, Instant } from '../../../platform/http/index.js';
import { BUCKETS } from '../chart.js';
import type { Bucket } from '../chart.js';

/** Webhooks that may be asked for at once. */
const MAX_WEBHOOKS = 250;

/** A period, and how it is divided. */
export class PeriodQuery {
  @Instant('From here on; 24 hours before `until` without it. Moved back to where its bucket begins.')
  since?: string;

  @Instant('Up to here; now without it. Moved on to where its bucket ends.')
  until?: string;

  @ApiPropertyOptional({
    enum: BUCKETS,
    enumName: 'StatsBucket',
    default: 'auto',
    description: '`auto`: as fine as gives a chart of a moderate width. `minute`: of the last two days only.',
  })
  @IfPresent()
  @IsIn(BUCKETS)
  bucket: Bucket = 'auto';
}

/** What of a webhook is counted. */
export class WebhookStatsQuery extends PeriodQuery {
  @ApiPropertyOptional({ type: String, description: 'An event type, exactly.', example: 'order.completed' })
  @IfPresent()
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,128}$/)
  event?: string;
}

/** What of a tenant is counted. */
export class StatsQuery extends WebhookStatsQuery {
  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'A webhook; a deleted one too.' })
  @IfPresent()
  @IsUUID()
  webhookId?: string;
}

/** Of which webhooks charts are asked for. */
export class WebhookListStatsQuery extends PeriodQuery {
  @ApiProperty({
    type: String,
    description: `Ids of webhooks, by comma; at most ${MAX_WEBHOOKS}.`,
    example: '019ac1f0-7c1e-7b0a-9d0b-3f6f0b9a1c11',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase().split(',') : value))
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_WEBHOOKS)
  @IsUUID(undefined, { each: true })
  webhookIds!: string[];
}
