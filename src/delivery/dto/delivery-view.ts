import { ApiProperty } from '@nestjs/swagger';
import { timingOf } from '../transport/attempt-timing.js';
import type { DeliveryAttempt } from '../delivery-attempt.entity.js';
import type { Delivery } from '../delivery.entity.js';
import { DELIVERY_STATUSES } from '../delivery-status.js';
import type { AttemptOutcome, DeliveryStatus } from '../delivery-status.js';
import { loggedHeadersOf } from '../request.js';

const ID = { type: String, format: 'uuid' } as const;
const WHEN = { type: String, format: 'date-time', nullable: true } as const;

/** A delivery as the log shows it. */
export class DeliveryView {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty(ID)
  eventId!: string;

  @ApiProperty({ type: String, example: 'order.completed' })
  event!: string;

  @ApiProperty(ID)
  webhookId!: string;

  @ApiProperty({ enum: DELIVERY_STATUSES, enumName: 'DeliveryStatus' })
  status!: DeliveryStatus;

  @ApiProperty({ type: String, nullable: true, example: 'attempts_exhausted' })
  reason!: string | null;

  @ApiProperty({ type: Number, example: 1 })
  attemptCount!: number;

  @ApiProperty({ type: Number, nullable: true, example: 200 })
  lastHttpStatus!: number | null;

  @ApiProperty({ ...WHEN, description: 'When it is due; null unless it waits.' })
  nextAttemptAt!: Date | null;

  @ApiProperty({ ...WHEN, description: 'No attempt begins after this; null: it is worth sending for ever.' })
  expiresAt!: Date | null;

  @ApiProperty({ ...ID, nullable: true, description: 'The delivery that this one replays.' })
  replayOf!: string | null;

  @ApiProperty({ ...WHEN, nullable: false })
  createdAt!: Date;

  @ApiProperty({ ...WHEN, description: 'When it became final.' })
  completedAt!: Date | null;
}

class AttemptRequestView {
  @ApiProperty({ type: String, nullable: true, example: 'https://example.com/hooks' })
  url!: string | null;

  @ApiProperty({ type: Object, description: 'As sent; signatures masked.' })
  headers!: object;
}

class AttemptResponseView {
  @ApiProperty({ type: Object })
  headers!: object;

  @ApiProperty({ type: String, nullable: true, description: 'The first 4 KiB; undecodable bytes are shown as U+FFFD.' })
  body!: string | null;
}

const PHASE = { type: Number, nullable: true } as const;

class AttemptTimingView {
  @ApiProperty({
    ...PHASE,
    description: 'Until a connection was asked for: obtaining a token, signing. Null: not measured.',
    example: 0,
  })
  waitMs!: number | null;

  @ApiProperty({
    ...PHASE,
    description: 'Name, connection, TLS. Null: a kept-alive connection served, or it did not come to one.',
    example: 24,
  })
  connectMs!: number | null;

  @ApiProperty({
    ...PHASE,
    description: 'Sending the request, and until the head of the answer came. Null: nothing was sent.',
    example: 31,
  })
  firstByteMs!: number | null;

  @ApiProperty({ ...PHASE, description: 'Reading the body of the answer. Null: nothing was answered.', example: 2 })
  bodyMs!: number | null;
}

/** One attempt of a delivery. */
export class AttemptView {
  @ApiProperty({ type: Number, example: 1 })
  number!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  startedAt!: Date;

  @ApiProperty({ type: Number, example: 42 })
  durationMs!: number;

  @ApiProperty({ type: String, example: 'success' })
  outcome!: AttemptOutcome;

  @ApiProperty({ type: Number, nullable: true, example: 200 })
  httpStatus!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'A code, where the exchange broke; a sentence, where the transformation failed.',
    example: 'ECONNREFUSED',
  })
  error!: string | null;

  @ApiProperty({
    type: AttemptTimingView,
    nullable: true,
    description:
      'Where the time went, phase by phase; the one in which it broke off lasted until then. Null: not known.',
  })
  timing!: AttemptTimingView | null;

  @ApiProperty({ type: AttemptRequestView })
  request!: AttemptRequestView;

  @ApiProperty({ type: AttemptResponseView, nullable: true })
  response!: AttemptResponseView | null;
}

/** A delivery with its newest attempts. */
export class DeliveryDetailView extends DeliveryView {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What is sent in the place of the event, byte for byte. Null: the event, or nothing was sent yet.',
    example: null,
  })
  transformed!: string | null;

  @ApiProperty({ type: [AttemptView], description: 'The newest 101, in order.' })
  attempts!: AttemptView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Gives those before at `/api/deliveries/{id}/attempts`; null: there are none.',
    example: null,
  })
  attemptsCursor!: string | null;
}

export function viewOfDelivery(delivery: Delivery): DeliveryView {
  const waits = delivery.status === 'pending' || delivery.status === 'retrying';
  return {
    id: delivery.id,
    eventId: delivery.eventId,
    event: delivery.eventType,
    webhookId: delivery.webhookId,
    status: isScheduled(delivery) ? 'pending' : delivery.status,
    reason: delivery.reason,
    attemptCount: delivery.attemptCount,
    lastHttpStatus: delivery.lastHttpStatus,
    nextAttemptAt: waits ? delivery.dueAt : null,
    expiresAt: delivery.expiresAt,
    replayOf: delivery.replayOf,
    createdAt: delivery.createdAt,
    completedAt: delivery.completedAt,
  };
}

/** It is to be delivered later: it waits where retries wait, and is none. `walkOf` says the same in SQL. */
const isScheduled = ({ status, attemptCount }: Delivery): boolean => status === 'retrying' && attemptCount === 0;

export function viewOfAttempt(attempt: DeliveryAttempt, { id, eventId, eventType }: Delivery): AttemptView {
  const sent = { id, eventId, eventType, number: attempt.number };
  return {
    number: attempt.number,
    startedAt: attempt.startedAt,
    durationMs: attempt.durationMs,
    outcome: attempt.outcome,
    httpStatus: attempt.httpStatus,
    error: attempt.error,
    timing: attempt.timing === null ? null : viewOfTiming(attempt.timing),
    request: {
      url: attempt.url,
      headers: attempt.requestHeaders ? loggedHeadersOf(attempt.requestHeaders, sent, attempt.startedAt.getTime()) : {},
    },
    response:
      attempt.httpStatus === null
        ? null
        : {
            headers: attempt.responseHeaders ? (JSON.parse(attempt.responseHeaders.toString()) as object) : {},
            body: attempt.responseBody?.toString() ?? null,
          },
  };
}

function viewOfTiming(text: string): AttemptTimingView {
  const { waitMs = null, connectMs = null, firstByteMs = null, bodyMs = null } = timingOf(text);
  return { waitMs, connectMs, firstByteMs, bodyMs };
}
