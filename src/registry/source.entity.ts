import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Tenant } from './tenant.entity.js';

/** How a received event is handled: before the sender is answered, or from the queue afterwards. */
export type Processing = 'inline' | 'queued';

/** A configured sender that we receive from. */
@Entity({ name: 'source' })
@Index('source_name', ['tenantId', 'name'], { unique: true, where: 'deleted_at IS NULL' })
@Check('source_processing_check', `processing IN ('inline', 'queued')`)
export class Source {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'source_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'source_tenant_fkey' })
  tenant?: Relation<Tenant>;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'provider', type: 'text' })
  provider!: string;

  @Column({ name: 'config', type: 'jsonb', default: {} })
  config!: Record<string, unknown>;

  @Column({ name: 'processing', type: 'text', default: 'inline' })
  processing!: Processing;

  @Column({ name: 'relay', type: 'boolean', default: false })
  relay!: boolean;

  @Column({ name: 'tolerance_seconds', type: 'integer', nullable: true })
  toleranceSeconds!: number | null;

  @Column({ name: 'max_body_bytes', type: 'integer', nullable: true })
  maxBodyBytes!: number | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;

  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
