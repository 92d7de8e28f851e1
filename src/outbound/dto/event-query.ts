import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { IfPresent, Instant, PageQuery } from '../../platform/http/index.js';

/** Filters of the list of events. */
export class EventQuery extends PageQuery {
  @ApiPropertyOptional({ type: String, description: 'An event type, exactly.', example: 'order.completed' })
  @IfPresent()
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,128}$/)
  event?: string;

  @Instant('Dispatched at or after.')
  since?: string;

  @Instant('Dispatched before.')
  until?: string;
}
