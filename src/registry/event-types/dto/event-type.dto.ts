// How a type of the catalogue is written and shown.
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsObject, IsOptional, IsString, MaxLength } from 'class-validator';
import { isEventType, MAX_EVENT_TYPE_LENGTH, RESERVED_PREFIX } from '../../../kernel/event-match.js';
import { IfPresent } from '../../../platform/http/index.js';
import { Rule } from '../../dto/rule.decorator.js';
import type { EventType } from '../event-type.entity.js';

const MAX_DESCRIPTION_LENGTH = 4_000;
const MAX_VERSION_LENGTH = 64;
const MAX_EXAMPLE_BYTES = 65_536;

const SCHEMA = {
  type: 'object',
  required: ['orderId'],
  properties: { orderId: { type: 'string' }, total: { type: 'string' } },
};
const EXAMPLE = { orderId: '1042', total: '99.95' };
const TIME = '2026-03-01T12:00:00.000Z';

/** A route of the catalogue that looks like a type. */
const DOCUMENT = 'openapi.json';

/** True for a type that an application may define. */
export const isOwnEventType = (name: unknown): boolean =>
  isEventType(name) && !name.startsWith(RESERVED_PREFIX) && name !== DOCUMENT;

const JsonObject = (description: string, example: object): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'object', additionalProperties: true, nullable: true, description, example }),
    IsOptional(),
    IsObject(),
  );

/** Absent fields stay as they are; null takes away. */
export class UpdateEventTypeDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: MAX_DESCRIPTION_LENGTH,
    example: 'An order is paid.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_DESCRIPTION_LENGTH)
  description?: string | null;

  @JsonObject(
    'JSON Schema 2020-12 that the data of every event of this type must meet. It refers to nothing outside itself.',
    SCHEMA,
  )
  schema?: object | null;

  @JsonObject('Data of such an event; it meets the schema.', EXAMPLE)
  @Rule(
    'isSmall',
    `must have at most ${MAX_EXAMPLE_BYTES} bytes`,
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_EXAMPLE_BYTES,
  )
  example?: object | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_VERSION_LENGTH, example: '1.2.0' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_VERSION_LENGTH)
  version?: string | null;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Shown as such; sent as before.' })
  @IfPresent()
  @IsBoolean()
  deprecated?: boolean;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Kept, and treated as if it were not there.' })
  @IfPresent()
  @IsBoolean()
  archived?: boolean;
}

export class CreateEventTypeDto extends UpdateEventTypeDto {
  @ApiProperty({ type: String, maxLength: MAX_EVENT_TYPE_LENGTH, example: 'order.completed' })
  @Rule('isOwnEventType', 'must be an event type that does not begin with posthorn.', isOwnEventType)
  name!: string;
}

export class EventTypeDto {
  @ApiProperty({ example: 'order.completed' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'An order is paid.' })
  description!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: SCHEMA })
  schema!: object | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: EXAMPLE })
  example!: object | null;

  @ApiProperty({ type: String, nullable: true, example: '1.2.0' })
  version!: string | null;

  @ApiProperty({ example: false })
  deprecated!: boolean;

  @ApiProperty({ example: false })
  archived!: boolean;

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  updatedAt!: string;

  static of({
    name,
    description,
    schema,
    example,
    version,
    deprecated,
    archived,
    createdAt,
    updatedAt,
  }: EventType): EventTypeDto {
    const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
    return { name, description, schema, example, version, deprecated, archived, ...times };
  }
}
