import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsString, Matches, MaxLength } from 'class-validator';
import { IfPresent, Instant } from '../../platform/http/index.js';
import { ReplayReceivedEventDto } from './replay-received-event.dto.js';

/** Which received events to run handlers of again, and which handlers. */
export class BulkReplayDto extends ReplayReceivedEventDto {
  // Instant lets an absent one pass; the service does not.
  @ApiProperty({ required: true, example: '2026-11-23T10:00:00Z' })
  @Instant('Received at or after.')
  since?: string;

  @ApiPropertyOptional({ example: '2026-11-23T12:00:00Z' })
  @Instant('Received before; now where it is not given.')
  until?: string;

  @ApiPropertyOptional({ type: String, description: 'The name of a source, exactly.', example: 'stripe' })
  @IfPresent()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  source?: string;

  @ApiPropertyOptional({ type: String, maxLength: 255, description: 'A type, exactly.', example: 'invoice.paid' })
  @IfPresent()
  @IsString()
  @MaxLength(255)
  type?: string;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Only counts.' })
  @IfPresent()
  @IsBoolean()
  dryRun?: boolean;
}
