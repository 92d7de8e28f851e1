import { ApiProperty } from '@nestjs/swagger';
import type { FailedJob, QueueState } from '../../../platform/queue/index.js';

const WHEN = { type: String, format: 'date-time', nullable: true } as const;

class FailedJobDto {
  @ApiProperty({ type: String })
  id!: string;

  @ApiProperty({ type: Object, description: 'What it held: the id of a row, and nothing else.' })
  data!: unknown;

  @ApiProperty({ type: String, example: 'Connection terminated unexpectedly' })
  reason!: string;

  @ApiProperty({ ...WHEN, nullable: false })
  at!: Date;
}

class QueueStateDto {
  @ApiProperty({ type: Number, description: 'Jobs whose time has come and that no worker has taken.', example: 0 })
  waiting!: number;

  @ApiProperty({ type: Number, description: 'Jobs under way.', example: 0 })
  active!: number;

  @ApiProperty({ type: Number, description: 'Jobs whose time is yet to come.', example: 12 })
  delayed!: number;

  @ApiProperty({ type: Number, description: 'Jobs that ended in an error and are kept.', example: 0 })
  failed!: number;

  @ApiProperty({ ...WHEN, description: 'Since when the oldest waiting job has been due.', example: null })
  oldestWaitingSince!: Date | null;

  @ApiProperty({ ...WHEN, description: 'When the next of the delayed jobs is due.' })
  nextDelayedAt!: Date | null;

  @ApiProperty({ type: [FailedJobDto], description: 'The last 20 of them.' })
  lastFailed!: readonly FailedJob[];
}

class QueueDto {
  @ApiProperty({ type: String, example: 'posthorn-retries' })
  name!: string;

  @ApiProperty({ type: QueueStateDto, nullable: true, description: 'Null: the queue does not answer.' })
  state!: QueueState | null;
}

export class QueuesDto {
  @ApiProperty({ enum: ['postgresql', 'redis'], description: 'Where the jobs are kept.' })
  backend!: 'postgresql' | 'redis';

  @ApiProperty({ type: [QueueDto] })
  data!: QueueDto[];
}
