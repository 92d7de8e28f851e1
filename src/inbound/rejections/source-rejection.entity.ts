import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Why a request to a source went no further than its door. */
export const REJECTION_REASONS = [
  'no_signature',
  'malformed',
  'stale',
  'no_secret_matched',
  'challenge_refused',
  'ip_not_allowed',
  'rate_limited',
  'too_large',
  'too_slow',
  'too_busy',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** One of the requests that were turned away: enough to find its sender by, nothing that could be used. */
export interface RejectionSample {
  at: string;
  address: string | null;
  requestId: string;
  userAgent: string | null;
}

/** What a source turned away in one hour for one reason. */
@Entity('source_rejection')
@Index('source_rejection_hour', ['sourceId', 'reason', 'hour'], { unique: true })
@Index('source_rejection_source', ['sourceId', 'id'])
export class SourceRejection {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'source_rejection_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'source_id', type: 'uuid' })
  sourceId!: string;

  @Column({ name: 'reason', type: 'text' })
  reason!: RejectionReason;

  @Column({ name: 'hour', type: 'timestamptz' })
  hour!: Date;

  @Column({ name: 'count', type: 'integer' })
  count!: number;

  @Column({ name: 'last_at', type: 'timestamptz' })
  lastAt!: Date;

  /** The latest few. */
  @Column({ name: 'samples', type: 'jsonb' })
  samples!: RejectionSample[];
}
