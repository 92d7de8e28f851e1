import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { PayloadFormat } from '../registry/index.js';
import { DELIVERY_STATUSES } from './delivery-status.js';
import type { DeliveryStatus } from './delivery-status.js';

/** One event for one webhook. Created by dispatch, moved on by claim, settle, sweep and retry in hand-written SQL. */
@Entity('delivery')
@Check('delivery_status_check', `status IN (${DELIVERY_STATUSES.map((status) => `'${status}'`).join(', ')})`)
@Index('delivery_tenant', ['tenantId', 'id'])
@Index('delivery_webhook', ['webhookId', 'id'])
@Index('delivery_pending', { synchronize: false })
@Index('delivery_sending', { synchronize: false })
@Index('delivery_retrying', { synchronize: false })
@Index('delivery_retrying_webhook', { synchronize: false })
@Index('delivery_status', { synchronize: false })
@Index('delivery_http_status', { synchronize: false })
@Index('delivery_lane', { synchronize: false })
@Index('delivery_replayed', { synchronize: false })
@Index('delivery_replayed_pending', { synchronize: false })
export class Delivery {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'delivery_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'event_id', type: 'uuid' })
  eventId!: string;

  @Column({ name: 'event_type', type: 'text' })
  eventType!: string;

  @Column({ name: 'webhook_id', type: 'uuid' })
  webhookId!: string;

  @Column({ name: 'status', type: 'text' })
  status!: DeliveryStatus;

  /** Why it is skipped, failed or expired. */
  @Column({ name: 'reason', type: 'text', nullable: true })
  reason!: string | null;

  /** The number of the last attempt claimed: also the fencing token that a late outcome must match. */
  @Column({ name: 'attempt_count', type: 'integer', default: 0 })
  attemptCount!: number;

  /** How much of the retry schedule is used; an attempt of unknown outcome uses none. */
  @Column({ name: 'retries_used', type: 'smallint', default: 0 })
  retriesUsed!: number;

  /** Attempts of unknown outcome in a row. */
  @Column({ name: 'unknown_count', type: 'smallint', default: 0 })
  unknownCount!: number;

  @Column({ name: 'last_http_status', type: 'smallint', nullable: true })
  lastHttpStatus!: number | null;

  @Column({
    name: 'due_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'pending, retrying: when it may be sent; sending: when its lease ends; otherwise null',
  })
  dueAt!: Date | null;

  @Column({
    name: 'expires_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'no attempt begins after this; null: it is worth sending for ever',
  })
  expiresAt!: Date | null;

  @Column({ name: 'replay_of', type: 'uuid', nullable: true })
  replayOf!: string | null;

  /** Of a test event: its failures do not count towards disabling the webhook. */
  @Column({ name: 'is_test', type: 'boolean', default: false })
  isTest!: boolean;

  @Column({
    name: 'lane',
    type: 'bigint',
    nullable: true,
    comment:
      'hash of the ordering key; deliveries of a webhook in one lane are sent one after the other; null: in any order',
  })
  lane!: string | null;

  /** What is sent in the place of the event, byte for byte. Null: the event, or nothing was sent yet. Long: only those read it who ask for it. */
  @Column({ name: 'transformed', type: 'text', nullable: true, select: false })
  transformed!: string | null;

  @Column({
    name: 'transformed_format',
    type: 'text',
    nullable: true,
    select: false,
    comment: 'the payload format of transformed; null: that of the webhook',
  })
  transformedFormat!: PayloadFormat | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'completed_at', type: 'timestamptz', nullable: true })
  completedAt!: Date | null;
}
