import { ApiProperty } from '@nestjs/swagger';
import { DeliveryView } from '../../delivery/index.js';
import { WebhookExplanations } from '../explain/dto/explanation.js';

/** An event as the list shows it. */
export class EventView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'order.completed' })
  event!: string;

  @ApiProperty({
    type: Object,
    nullable: true,
    description: 'Null once erased.',
    example: { orderId: '1042' },
  })
  data!: object | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  dataErasedAt!: Date | null;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp!: Date;

  @ApiProperty({ type: String, nullable: true })
  idempotencyKey!: string | null;

  @ApiProperty({ type: String, nullable: true })
  orderingKey!: string | null;

  @ApiProperty({ type: [String], example: ['wholesale'] })
  tags!: string[];
}

/** An event with what became of it. */
export class EventDetailView extends EventView {
  @ApiProperty({
    type: [DeliveryView],
    description: 'One for each webhook that it matched; then those that replays made. The newest 250 of them.',
  })
  deliveries!: DeliveryView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Gives those before at `/api/events/{id}/deliveries`; null: there are none.',
    example: null,
  })
  deliveriesCursor!: string | null;

  @ApiProperty({
    type: WebhookExplanations,
    description: 'For every webhook of the tenant, why it got the event, or why not.',
  })
  webhooks!: WebhookExplanations;
}
