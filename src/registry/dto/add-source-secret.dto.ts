import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { parseDuration } from '../../kernel/duration.js';
import { Rule } from './rule.decorator.js';
import { SecretField } from './source-fields.js';

const MAX_GRACE_MS = 2_592_000_000;

/** How long the secrets before a new one live on. */
export const DEFAULT_GRACE = '24h';

const isGrace = (value: unknown): boolean => {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms !== undefined && ms <= MAX_GRACE_MS;
};

export class AddSourceSecretDto {
  @SecretField()
  secret!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    default: DEFAULT_GRACE,
    description: 'How long the others live on: 0s to 30d. Null: for good, beside the new one.',
    example: DEFAULT_GRACE,
  })
  @IsOptional()
  @Rule('isGrace', 'must be a duration from 0s to 30d, such as 24h, or null', isGrace)
  expireOthersAfter?: string | null;
}
