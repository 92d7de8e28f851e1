import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, ArrayMaxSize, IsArray, IsObject, IsOptional } from 'class-validator';
import { isTag, MAX_TAGS } from '../../kernel/event-filter/event-filter.js';
import type { FailedClause } from '../../kernel/event-filter/event-filter.js';
import { isEventType } from '../../kernel/event-match.js';
import { ANY_JSON } from '../../platform/http/index.js';
import { Rule } from './rule.decorator.js';
import { FILTER_EXAMPLE } from './webhook-fields.js';

/** An event that might be sent, and a filter that might be set. */
export class TestFilterDto {
  @ApiProperty({ type: String, maxLength: 128, example: 'order.completed' })
  @Rule('isEventType', 'must be words of letters, digits, _ and - joined by dots', isEventType)
  event!: string;

  @ApiProperty({ type: Object, example: { total: 250, customer: { country: 'CH' } } })
  @IsObject()
  data!: object;

  @ApiPropertyOptional({ type: [String], maxItems: MAX_TAGS, example: ['wholesale'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_TAGS)
  @Rule('isTags', 'must be words of letters, digits and _.:/@=+-, each at most 64 characters', (tags) =>
    Array.isArray(tags) ? tags.every(isTag) : false,
  )
  tags?: string[] | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Asked in the place of the webhook’s own. Null: none. Absent: its own.',
    example: FILTER_EXAMPLE,
  })
  @Allow()
  filter?: unknown;
}

export class FailedClauseDto implements FailedClause {
  @ApiProperty({
    description: 'Where it stands in the filter. Empty: the event took more steps to judge than a filter may.',
    example: 'data.total.$gte',
  })
  clause!: string;

  @ApiProperty({ ...ANY_JSON, description: 'What stands there; null for $or and $not.', example: 100 })
  expected!: unknown;
}

export class FilterVerdictDto {
  @ApiProperty({ description: 'Whether the webhook would get the event: subscribed, and let through.', example: false })
  matched!: boolean;

  @ApiProperty({ description: 'Whether it subscribes to the type.', example: true })
  subscribed!: boolean;

  @ApiProperty({
    type: FailedClauseDto,
    nullable: true,
    description: 'The first clause that the event does not meet. Null: it meets them all.',
  })
  failedClause!: FailedClauseDto | null;
}
