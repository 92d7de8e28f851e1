import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { IfPresent } from '../../platform/http/index.js';

export class ReplayReceivedEventDto {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Also the handlers that succeeded, and those that were added since.',
  })
  @IfPresent()
  @IsBoolean()
  all?: boolean;
}

export class ReplayedDto {
  @ApiProperty({ description: 'How many handlers run again.', example: 1 })
  count!: number;
}
