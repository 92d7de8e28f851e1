import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One fact to send. Its data never changes: every attempt sends the same bytes. */
@Entity('event')
@Index('event_tenant', ['tenantId', 'id'])
export class Event {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'event_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'type', type: 'text' })
  type!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  /** The JSON of `data`, as UTF-8. */
  @Column({ name: 'data', type: 'bytea' })
  data!: Buffer;

  @Column({ name: 'idempotency_key', type: 'text', nullable: true })
  idempotencyKey!: string | null;
}
