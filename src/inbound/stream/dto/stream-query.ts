import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { IfPresent } from '../../../platform/http/index.js';

/** What of it is followed. */
export class StreamQuery {
  @ApiPropertyOptional({
    type: String,
    description: 'The name of a source, exactly; all without it.',
    example: 'stripe',
  })
  @IfPresent()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  source?: string;
}
