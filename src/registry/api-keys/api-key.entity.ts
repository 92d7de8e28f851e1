import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import type { Scope } from '../../platform/access/index.js';
import { Tenant } from '../tenant.entity.js';

/** A key of the API: whom it acts for, and what it may do. Of the key itself there is only its fingerprint. */
@Entity({ name: 'api_key' })
@Index('api_key_tenant', ['tenantId', 'id'])
@Index('api_key_prefix', ['prefix'])
export class ApiKey {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'api_key_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'api_key_tenant_fkey' })
  tenant?: Relation<Tenant>;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** The part of the key that may be shown; also what a row is found by. */
  @Column({ name: 'prefix', type: 'text' })
  prefix!: string;

  /** SHA-256 of the whole key. */
  @Column({ name: 'fingerprint', type: 'bytea' })
  fingerprint!: Buffer;

  @Column({ name: 'scopes', type: 'text', array: true })
  scopes!: Scope[];

  /** Who made it, as the authenticator named them. */
  @Column({ name: 'created_by', type: 'text' })
  createdBy!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  /** To the minute. */
  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;
}
