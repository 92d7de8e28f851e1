import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn } from 'class-validator';
import { IfPresent, Instant } from '../../../platform/http/index.js';
import { FINAL_STATUSES } from '../../delivery-status.js';
import type { FinalStatus } from '../../delivery-status.js';

const ONE_STATUS = { type: 'string', enum: [...FINAL_STATUSES] };

/** Which deliveries to send again. */
export class ReplayRequestDto {
  // Instant lets an absent one pass; the service does not.
  @ApiProperty({ required: true, example: '2026-11-23T10:00:00Z' })
  @Instant('Deliveries created at or after.')
  since?: string;

  @ApiPropertyOptional({ example: '2026-11-23T12:00:00Z', description: 'Created before; now where it is not given.' })
  @Instant('Created before; now where it is not given, or is later than now.')
  until?: string;

  @ApiPropertyOptional({
    oneOf: [ONE_STATUS, { type: 'array', items: ONE_STATUS, minItems: 1 }],
    description: 'One final status or several; all but `success` where none is given.',
    example: ['failed', 'skipped'],
  })
  @IfPresent()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(FINAL_STATUSES.length)
  @IsIn(FINAL_STATUSES, { each: true })
  status?: FinalStatus[];

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Only counts.' })
  @IfPresent()
  @IsBoolean()
  dryRun?: boolean;
}
