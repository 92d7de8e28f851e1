import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Tenant } from './tenant.entity.js';

/** How a received event is handled: before the sender is answered, or from the queue afterwards. */
export const PROCESSINGS = ['inline', 'queued'] as const;
export type Processing = (typeof PROCESSINGS)[number];

/** What a sender is answered in the place of our own answer, where it asks for something particular. */
export interface SourceAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** A configured sender that we receive from. */
@Entity({ name: 'source' })
@Index('source_name', ['tenantId', 'name'], { unique: true, where: 'deleted_at IS NULL' })
@Index('source_watched', ['id'], { where: 'silent_after_seconds IS NOT NULL AND deleted_at IS NULL' })
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

  /** How long a body may take to arrive. Null: the default. */
  @Column({ name: 'read_timeout_ms', type: 'integer', nullable: true })
  readTimeoutMs!: number | null;

  /** How long a repeated event is recognised. Null: as the installation says. */
  @Column({ name: 'idempotency_window_seconds', type: 'integer', nullable: true })
  idempotencyWindowSeconds!: number | null;

  /** After how long without a verified request it is told. Null: never. */
  @Column({ name: 'silent_after_seconds', type: 'integer', nullable: true })
  silentAfterSeconds!: number | null;

  /** Where its own rhythm says when it is silent: after so many usual gaps, and `silentAfterSeconds` at least. */
  @Column({ name: 'silent_after_gaps', type: 'integer', nullable: true })
  silentAfterGaps!: number | null;

  /** Requests in any `rateLimitSeconds` seconds at most, of all processes together. Both are null, or neither. */
  @Column({ name: 'rate_limit_max', type: 'integer', nullable: true })
  rateLimitMax!: number | null;

  @Column({ name: 'rate_limit_seconds', type: 'integer', nullable: true })
  rateLimitSeconds!: number | null;

  /** Networks (CIDR) that requests may come from. Null: any. */
  @Column({ name: 'allowed_ips', type: 'text', array: true, nullable: true })
  allowedIps!: string[] | null;

  @Column({ name: 'answer', type: 'jsonb', nullable: true })
  answer!: SourceAnswer | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;

  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
