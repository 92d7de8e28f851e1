import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { IfPresent, Instant, PageQuery } from '../../platform/http/index.js';
import { RECEIVED_EVENT_STATUSES } from '../received-event.entity.js';
import type { ReceivedEventStatus } from '../received-event.entity.js';

/** Filters of the list of received events. */
export class ReceivedEventQuery extends PageQuery {
  @ApiPropertyOptional({ type: String, description: 'The name of a source, exactly.', example: 'stripe' })
  @IfPresent()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  source?: string;

  @ApiPropertyOptional({
    enum: RECEIVED_EVENT_STATUSES,
    enumName: 'ReceivedEventStatus',
    description: 'What became of it.',
  })
  @IfPresent()
  @IsIn(RECEIVED_EVENT_STATUSES)
  status?: ReceivedEventStatus;

  @Instant('Received at or after.')
  since?: string;

  @Instant('Received before.')
  until?: string;
}
