import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, Matches } from 'class-validator';
import { LIVE_KINDS } from '../../../delivery/index.js';
import { IfPresent } from '../../../platform/http/index.js';

/** What may be followed. */
const STREAM_TYPES = ['received', ...LIVE_KINDS] as const;
export type StreamType = (typeof STREAM_TYPES)[number];

/** What of it is followed. */
export class StreamQuery {
  @ApiPropertyOptional({
    type: String,
    description: 'Of received events those of one source, by its name, exactly; all without it.',
    example: 'stripe',
  })
  @IfPresent()
  @Matches(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  source?: string;

  @ApiPropertyOptional({
    type: String,
    description: `By comma: ${STREAM_TYPES.map((type) => `\`${type}\``).join(', ')}. Received events alone without it.`,
    example: 'received,attempts',
  })
  @IfPresent()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(STREAM_TYPES, { each: true })
  types?: StreamType[];
}
