import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsString, Length } from 'class-validator';
import { SCOPE_MEANINGS, SCOPES } from '../../../platform/access/index.js';
import type { Scope } from '../../../platform/access/index.js';
import { Instant } from '../../../platform/http/index.js';

const MAX_NAME_LENGTH = 200;

const MEANINGS = Object.entries(SCOPE_MEANINGS)
  .map(([scope, meaning]) => `\`${scope}\`: ${meaning}`)
  .join('; ');

export class CreateApiKeyDto {
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'the shop’s backend' })
  @IsString()
  @Length(1, MAX_NAME_LENGTH)
  name!: string;

  @ApiProperty({
    enum: SCOPES,
    enumName: 'Scope',
    isArray: true,
    minItems: 1,
    uniqueItems: true,
    description: `What it may do, no more than whoever makes it. ${MEANINGS}. A \`:write\` includes the \`:read\`.`,
    example: ['events:write'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @ArrayUnique()
  @IsIn(SCOPES, { each: true, message: `each of scopes must be one of ${SCOPES.join(', ')}` })
  scopes!: Scope[];

  @Instant(
    'From when on it is refused, no later than the key that makes it. Absent: as that one, or never.',
    '2100-01-01T00:00:00Z',
  )
  expiresAt?: string;
}
