// What the API shows of received events. The list leaves out what may be large.
import { ApiProperty } from '@nestjs/swagger';
import type { HandlerRun, HandlerRunStatus } from '../handler-run.entity.js';
import { HANDLER_RUN_STATUSES } from '../handler-run.entity.js';
import type { ReceivedEventRow, ReceivedEventStatus } from '../received-event.entity.js';
import { RECEIVED_EVENT_STATUSES } from '../received-event.entity.js';

class HandlerRunDto {
  @ApiProperty({ example: 'Payments.onPaid' })
  handler!: string;

  @ApiProperty({ enum: HANDLER_RUN_STATUSES, enumName: 'HandlerRunStatus' })
  status!: HandlerRunStatus;

  @ApiProperty()
  attemptCount!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why the last attempt failed.' })
  error!: string | null;

  @ApiProperty({ type: Date, nullable: true, description: 'When it runs next; null when it does not by itself.' })
  nextAttemptAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  finishedAt!: Date | null;
}

/** A received event in a list. */
export class ReceivedEventDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'stripe' })
  source!: string;

  @ApiProperty({ example: 'stripe' })
  provider!: string;

  @ApiProperty({ description: 'The sender’s own id of the event, or a hash of its body.', example: 'evt_1' })
  externalId!: string;

  @ApiProperty({ example: 'payment_intent.succeeded' })
  type!: string;

  @ApiProperty({ enum: RECEIVED_EVENT_STATUSES, enumName: 'ReceivedEventStatus' })
  status!: ReceivedEventStatus;

  @ApiProperty({ description: 'Whether another body came under the same id; the first one counts.' })
  conflict!: boolean;

  @ApiProperty({ type: Date, nullable: true, description: 'When it happened, where the sender says it.' })
  occurredAt!: Date | null;

  @ApiProperty({ type: Date })
  receivedAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  processedAt!: Date | null;

  static of(row: Omit<ReceivedEventRow, 'headers' | 'body' | 'traceparent'>): ReceivedEventDto {
    const { id, source, provider, externalId, type, status, conflict, occurredAt, receivedAt, processedAt } = row;
    const shown = { id, source, provider, externalId, type, status, conflict, occurredAt, receivedAt, processedAt };
    return Object.assign(new ReceivedEventDto(), shown);
  }
}

/** One received event with all that is known of it. */
export class ReceivedEventDetailDto extends ReceivedEventDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'The headers as they came; signatures and credentials are masked.',
  })
  headers!: Record<string, string>;

  @ApiProperty({ description: 'The bytes as they came, as text where they are UTF-8.' })
  body!: string;

  @ApiProperty({ enum: ['utf8', 'base64'], description: 'How `body` is written.' })
  bodyEncoding!: 'utf8' | 'base64';

  @ApiProperty({ type: [HandlerRunDto] })
  runs!: HandlerRunDto[];

  static ofRows(row: ReceivedEventRow, runs: readonly HandlerRun[]): ReceivedEventDetailDto {
    const text = row.body.toString('utf8');
    const isText = Buffer.from(text).equals(row.body);
    return Object.assign(new ReceivedEventDetailDto(), ReceivedEventDto.of(row), {
      headers: JSON.parse(row.headers) as Record<string, string>,
      body: isText ? text : row.body.toString('base64'),
      bodyEncoding: isText ? 'utf8' : 'base64',
      runs: runs.map(({ handler, status, attemptCount, error, dueAt, finishedAt }) => ({
        handler,
        status,
        attemptCount,
        error,
        nextAttemptAt: status === 'pending' || status === 'failed' ? dueAt : null,
        finishedAt,
      })),
    });
  }
}
