import { ApiProperty } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import { isEventType } from '../../../kernel/event-match.js';
import { ANY_JSON } from '../../../platform/http/index.js';
import { Rule } from '../../dto/rule.decorator.js';
import { TransformationField } from '../../dto/webhook-fields.js';

/** An event that might be sent, and a transformation that might be set. */
export class TestTransformationDto {
  @ApiProperty({ type: String, maxLength: 128, example: 'order.completed' })
  @Rule('isEventType', 'must be words of letters, digits, _ and - joined by dots', isEventType)
  event!: string;

  @ApiProperty({ type: Object, example: { orderId: 'o-1', total: 250 } })
  @IsObject()
  data!: object;

  @TransformationField('Run in the place of the webhook’s own. Null: none. Absent: its own.')
  transformation?: string | null;
}

export class TransformedDto {
  @ApiProperty({
    ...ANY_JSON,
    description: 'What would be sent: the body, or the data of a CloudEvent. Null where it failed.',
    example: { text: 'Order o-1 is complete' },
  })
  result!: unknown;

  @ApiProperty({ type: String, nullable: true, description: 'Why it failed. Null: it did not.', example: null })
  error!: string | null;
}
