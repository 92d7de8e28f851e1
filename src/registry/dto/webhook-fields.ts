// The fields of a webhook that a client may set, each with its rule and its documentation; creating and changing differ
// only in which of them must be there.
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { MAX_CUSTOM_HEADERS, MAX_HEADER_VALUE_BYTES } from '../../kernel/custom-headers.js';
import { isEventPattern, MAX_PATTERNS } from '../../kernel/event-match.js';
import { parseExpiresAfter } from '../../kernel/expiry.js';
import { IfPresent } from '../../platform/http/index.js';
import { MAX_EXPRESSION_LENGTH } from '../transformation/evaluator.js';
import { GUARANTEES, PAYLOAD_FORMATS } from '../webhook.entity.js';
import { Rule } from './rule.decorator.js';

const MAX_DESCRIPTION_LENGTH = 500;

export const FILTER_EXAMPLE = {
  data: { total: { $gte: 100 }, customer: { country: { $in: ['CH', 'DE'] } } },
  tags: 'wholesale',
};

interface Presence {
  /** The field may be left out. */
  optional?: true;
}

const presence = ({ optional }: Presence): PropertyDecorator => (optional ? IfPresent() : applyDecorators());
const documented = ({ optional }: Presence) => (optional ? ApiPropertyOptional : ApiProperty);

/** Where deliveries go. Here it need only be text: the egress policy judges it, with answers of its own. */
export const UrlField = (options: Presence = {}): PropertyDecorator =>
  applyDecorators(
    documented(options)({ format: 'uri', description: 'https, and public.', example: 'https://shop.example/hooks' }),
    presence(options),
    IsString(),
  );

export const EventsField = (options: Presence = {}): PropertyDecorator =>
  applyDecorators(
    documented(options)({
      type: [String],
      minItems: 1,
      maxItems: MAX_PATTERNS,
      description: 'Event types, prefixes such as `order.*` (any depth below), or `*`. Duplicates are folded.',
      example: ['order.completed', 'invoice.*'],
    }),
    presence(options),
    Rule(
      'isEventPatterns',
      `must be a list of 1 to ${MAX_PATTERNS} event types, prefixes such as order.*, or *`,
      (value) =>
        Array.isArray(value) && value.length > 0 && value.length <= MAX_PATTERNS && value.every(isEventPattern),
    ),
  );

export const DescriptionField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_DESCRIPTION_LENGTH, example: 'The shop’s ERP' }),
    IsOptional(),
    IsString(),
    MaxLength(MAX_DESCRIPTION_LENGTH),
  );

export const ExpiresAfterField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      description:
        'How long deliveries are worth sending, for events that do not say so themselves: 100ms to 14d. Null: for ever.',
      example: '10m',
    }),
    IsOptional(),
    Rule(
      'isExpiresAfter',
      'must be a duration from 100ms to 14d, such as 10m',
      (value) => parseExpiresAfter(value) !== undefined,
    ),
  );

export const GuaranteeField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: GUARANTEES,
      enumName: 'Guarantee',
      default: 'at-least-once',
      description:
        '`at-most-once`: a request that may have reached the receiver is never sent again, whatever it came to.',
    }),
    IfPresent(),
    IsIn(GUARANTEES),
  );

/** Headers sent with every request. Here they may be anything: the service judges them, and names the one that is wrong. */
export const HeadersField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: MAX_HEADER_VALUE_BYTES },
      maxProperties: MAX_CUSTOM_HEADERS,
      nullable: true,
      description: 'Custom headers of every request, all of them; their values are never shown again. Null: none.',
      example: { 'X-Api-Key': 'k-1234' },
    }),
    Allow(),
  );

/** Which events it takes. Here it may be anything: the service judges it, and names each place that is wrong. */
export const FilterField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: true,
      nullable: true,
      description:
        'Of the events of its types, those that meet this: conditions on `event`, `data` and `tags`. Null: all of them.',
      example: FILTER_EXAMPLE,
    }),
    Allow(),
  );

/** Here it need only be text: the service reads it, and says what is wrong. */
export const TransformationField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      nullable: true,
      maxLength: MAX_EXPRESSION_LENGTH,
      description,
      example: '{ "text": "Order " & data.orderId & " is complete" }',
    }),
    IsOptional(),
    IsString(),
    MaxLength(MAX_EXPRESSION_LENGTH),
  );

export const FormatField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: PAYLOAD_FORMATS,
      enumName: 'PayloadFormat',
      default: 'native',
      description:
        'How events are written: our own envelope, or CloudEvents 1.0 (JSON format, or binary content mode).',
    }),
    IfPresent(),
    IsIn(PAYLOAD_FORMATS),
  );

export const ActiveField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean, description: 'False disables: events are recorded as skipped.' }),
    IfPresent(),
    IsBoolean(),
  );
