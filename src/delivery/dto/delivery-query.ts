import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsString, IsUUID, Matches, Max, Min } from 'class-validator';
import { IfPresent, PageQuery } from '../../platform/http/index.js';
import { DELIVERY_STATUSES } from '../delivery-status.js';
import type { DeliveryStatus } from '../delivery-status.js';

// PostgreSQL and people disagree about `now`, `0000-00-00` and the like; only a full UTC-comparable instant is taken.
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Filters of the delivery log. */
export class DeliveryQuery extends PageQuery {
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES, enumName: 'DeliveryStatus' })
  @IfPresent()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  @ApiPropertyOptional({ type: String, format: 'uuid' })
  @IfPresent()
  @IsUUID()
  webhookId?: string;

  @ApiPropertyOptional({ type: String, description: 'An event type, exactly.', example: 'order.completed' })
  @IfPresent()
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,128}$/)
  event?: string;

  @ApiPropertyOptional({ type: Number, description: 'The last HTTP status answered.', example: 500 })
  @IfPresent()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{3}$/.test(value) ? +value : value))
  @IsInt()
  @Min(100)
  @Max(999)
  httpStatus?: number;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'Created at or after.' })
  @IfPresent()
  @IsISO8601({ strict: true })
  @Matches(INSTANT)
  since?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'Created before.' })
  @IfPresent()
  @IsISO8601({ strict: true })
  @Matches(INSTANT)
  until?: string;
}
