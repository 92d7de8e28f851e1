import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One fact to send. Its data never changes, so every attempt sends the same bytes, until it is erased for good. */
@Entity('event')
@Index('event_tenant', ['tenantId', 'id'])
@Index('event_erased', { synchronize: false })
export class Event {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'event_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'type', type: 'text' })
  type!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  /** The JSON of `data`, as UTF-8; empty once erased. */
  @Column({ name: 'data', type: 'bytea' })
  data!: Buffer;

  @Column({ name: 'idempotency_key', type: 'text', nullable: true })
  idempotencyKey!: string | null;

  /** What it is sent in order with, to ordered webhooks. */
  @Column({ name: 'ordering_key', type: 'text', nullable: true })
  orderingKey!: string | null;

  /** What filters may look at besides the data. Null: none. */
  @Column({ name: 'tags', type: 'text', array: true, nullable: true })
  tags!: string[] | null;

  @Column({
    name: 'expires_after_ms',
    type: 'integer',
    nullable: true,
    comment: 'null: as long as the webhook says',
  })
  expiresAfterMs!: number | null;

  @Column({
    name: 'traceparent',
    type: 'text',
    nullable: true,
    comment: 'the span that dispatched it; null: nobody traced that',
  })
  traceparent!: string | null;

  @Column({
    name: 'data_erased_at',
    type: 'timestamptz',
    nullable: true,
    comment: 'when the payload was erased; data is empty from then on',
  })
  dataErasedAt!: Date | null;
}
