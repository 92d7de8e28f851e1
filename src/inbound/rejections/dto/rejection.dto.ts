import { ApiProperty } from '@nestjs/swagger';
import { REJECTION_REASONS } from '../source-rejection.entity.js';
import type { RejectionReason, RejectionSample, SourceRejection } from '../source-rejection.entity.js';

const TIME = '2026-03-01T12:00:00.000Z';

class RejectionSampleDto implements RejectionSample {
  @ApiProperty({ format: 'date-time', example: TIME })
  at!: string;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address!: string | null;

  @ApiProperty({ description: 'The `X-Request-Id` that was answered; it is in the log too.', example: 'req-1' })
  requestId!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Stripe/1.0' })
  userAgent!: string | null;
}

export class RejectionDto {
  @ApiProperty({ enum: REJECTION_REASONS, enumName: 'RejectionReason' })
  reason!: RejectionReason;

  @ApiProperty({ format: 'date-time', description: 'The hour it counts.', example: TIME })
  hour!: string;

  @ApiProperty({ type: 'integer', example: 3 })
  count!: number;

  @ApiProperty({ format: 'date-time', example: TIME })
  lastAt!: string;

  @ApiProperty({ type: [RejectionSampleDto], description: 'The latest few requests, without bodies and signatures.' })
  samples!: RejectionSampleDto[];

  static of({ reason, hour, count, lastAt, samples }: SourceRejection): RejectionDto {
    return { reason, hour: hour.toISOString(), count, lastAt: lastAt.toISOString(), samples };
  }
}
