import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What may become of a received event. */
export const RECEIVED_EVENT_STATUSES = ['processing', 'processed', 'failed', 'unhandled', 'rejected'] as const;
export type ReceivedEventStatus = (typeof RECEIVED_EVENT_STATUSES)[number];

/** One stored inbound webhook. Read through TypeORM; written by the hand-written SQL of the ledger and the runs. */
@Entity('received_event')
@Index('received_event_tenant', ['tenantId', 'id'])
@Check('received_event_status_check', `status IN ('processing', 'processed', 'failed', 'unhandled', 'rejected')`)
export class ReceivedEventRow {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'received_event_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'source_id', type: 'uuid' })
  sourceId!: string;

  @Column({ name: 'source', type: 'text' })
  source!: string;

  @Column({ name: 'provider', type: 'text' })
  provider!: string;

  @Column({ name: 'external_id', type: 'text' })
  externalId!: string;

  @Column({ name: 'type', type: 'text' })
  type!: string;

  @Column({ name: 'status', type: 'text' })
  status!: ReceivedEventStatus;

  @Column({ name: 'conflict', type: 'boolean', default: false })
  conflict!: boolean;

  /** JSON of the masked headers. */
  @Column({ name: 'headers', type: 'text' })
  headers!: string;

  /** The bytes as they came; lists do not load them. */
  @Column({ name: 'body', type: 'bytea', select: false })
  body!: Buffer;

  @Column({ name: 'occurred_at', type: 'timestamptz', nullable: true })
  occurredAt!: Date | null;

  @Column({ name: 'received_at', type: 'timestamptz', default: () => 'now()' })
  receivedAt!: Date;

  @Column({
    name: 'traceparent',
    type: 'text',
    nullable: true,
    comment: 'the span that received it; null: nobody traced that',
  })
  traceparent!: string | null;

  @Column({ name: 'processed_at', type: 'timestamptz', nullable: true })
  processedAt!: Date | null;
}
