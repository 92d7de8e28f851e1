import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FINAL_STATUSES } from '../../delivery-status.js';
import type { FinalStatus } from '../../delivery-status.js';

const WHEN = { type: String, format: 'date-time' } as const;

/** What asking for a replay answers. */
export class ReplayAcceptedView {
  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'The replay; absent after a dry run.' })
  id?: string;

  @ApiProperty({ type: Number, example: 42, description: 'How many deliveries it makes.' })
  count!: number;
}

/** A replay and how far it is. */
export class ReplayView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, format: 'uuid' })
  webhookId!: string;

  @ApiProperty(WHEN)
  since!: Date;

  @ApiProperty(WHEN)
  until!: Date;

  @ApiProperty({ enum: FINAL_STATUSES, isArray: true, example: ['failed', 'skipped'] })
  status!: readonly FinalStatus[];

  @ApiProperty({ type: Number, example: 42, description: 'How many deliveries matched when it was asked for.' })
  count!: number;

  @ApiProperty({ type: Number, example: 17, description: 'How many deliveries it has made so far.' })
  made!: number;

  @ApiProperty(WHEN)
  createdAt!: Date;

  @ApiProperty({
    ...WHEN,
    nullable: true,
    description: 'When the last delivery was made, or the webhook was disabled; null while it is under way.',
  })
  finishedAt!: Date | null;
}
