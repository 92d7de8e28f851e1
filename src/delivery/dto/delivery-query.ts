import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsString, IsUUID, Matches, Max, Min } from 'class-validator';
import { IfPresent, Instant, PageQuery } from '../../platform/http/index.js';
import { DELIVERY_STATUSES } from '../delivery-status.js';
import type { DeliveryStatus } from '../delivery-status.js';

/** Filters of the delivery log. */
export class DeliveryQuery extends PageQuery {
  @ApiPropertyOptional({
    enum: DELIVERY_STATUSES,
    enumName: 'DeliveryStatus',
    description: 'How it stands, or how it ended.',
  })
  @IfPresent()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'The webhook that it is for.' })
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

  @Instant('Created at or after.')
  since?: string;

  @Instant('Created before.')
  until?: string;
}
