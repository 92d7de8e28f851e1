import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { IfPresent, Instant, PageQuery } from '../../../platform/http/index.js';
import { REJECTION_REASONS } from '../source-rejection.entity.js';
import type { RejectionReason } from '../source-rejection.entity.js';

/** Filters of the list of rejections. */
export class RejectionQuery extends PageQuery {
  @ApiPropertyOptional({ enum: REJECTION_REASONS, enumName: 'RejectionReason', description: 'Why.' })
  @IfPresent()
  @IsIn(REJECTION_REASONS)
  reason?: RejectionReason;

  @Instant('Turned away at or after; whole hours count.')
  since?: string;

  @Instant('Turned away before; whole hours count.')
  until?: string;
}
