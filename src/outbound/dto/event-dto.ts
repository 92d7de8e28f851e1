import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { MAX_TAGS } from '../../kernel/event-filter/event-filter.js';

/** An event to send. Its fields are judged by `checkEvent`, the same code that judges dispatches from application code. */
export class EventDto {
  @ApiProperty({ type: String, maxLength: 128, example: 'order.completed', description: 'Words joined by dots.' })
  @Allow()
  event!: unknown;

  @ApiProperty({
    type: Object,
    example: { orderId: '1042', total: '99.95' },
    description: 'A JSON object, at most 256 KiB.',
  })
  @Allow()
  data!: unknown;

  @ApiPropertyOptional({ type: String, maxLength: 255, example: 'order-1042-completed' })
  @Allow()
  idempotencyKey?: unknown;

  @ApiPropertyOptional({ type: [String], description: 'Narrows the matching webhooks to these.', example: [] })
  @Allow()
  webhookIds?: unknown;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'The first attempts do not come before this. Less than 30 days and than `RETENTION` ahead; a moment in the past is now.',
    example: '2026-11-23T10:00:00Z',
  })
  @Allow()
  deliverAt?: unknown;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description:
      'What has not succeeded after this time, counted from now or from `deliverAt`, expires: 100ms to 14d. Else what each webhook says.',
    example: '10m',
  })
  @Allow()
  expiresAfter?: unknown;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 255,
    description: 'Ordered webhooks get events with the same key one after the other.',
    example: 'order-1042',
  })
  @Allow()
  orderingKey?: unknown;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    maxItems: MAX_TAGS,
    description: 'What filters of webhooks may look at besides the data. Each 1 to 64 letters, digits and `_.:/@=+-`.',
    example: ['wholesale', 'region:eu'],
  })
  @Allow()
  tags?: unknown;
}

/** A test event. Judged by `checkTestEvent`. */
export class TestEventDto {
  @ApiPropertyOptional({
    type: String,
    maxLength: 128,
    default: 'posthorn.test',
    example: 'order.completed',
    description: 'Any type that can be sent, whatever the webhook subscribes to.',
  })
  @Allow()
  event?: unknown;

  @ApiPropertyOptional({
    type: Object,
    example: { orderId: '1042', total: '99.95' },
    description: 'A JSON object, at most 256 KiB; a small one is sent where none is given.',
  })
  @Allow()
  data?: unknown;
}

export class EventBatchDto {
  @ApiProperty({ type: [EventDto], minItems: 1, maxItems: 1000 })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  events!: unknown[];
}

export class DispatchView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'order.completed' })
  event!: string;

  @ApiProperty({ type: Number, example: 2, description: 'How many deliveries are pending.' })
  deliveries!: number;
}

export class BatchRefusalView {
  @ApiProperty({ type: String, example: 'The data of an event must be a JSON object of at most 256 levels.' })
  error!: string;

  @ApiProperty({ type: String, example: 'invalid_event_data' })
  code!: string;

  @ApiPropertyOptional({ type: [String], description: 'Each place that is wrong.' })
  details?: readonly string[];
}
