import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import type { PortalView } from '../../platform/access/index.js';
import { Tenant } from '../tenant.entity.js';
import type { PortalSection } from './portal-sections.js';

/** A link to the dashboard of one tenant. Of its token there is only the fingerprint. */
@Entity({ name: 'portal_session' })
@Index('portal_session_tenant', ['tenantId', 'expiresAt'])
@Index('portal_session_fingerprint', ['fingerprint'])
export class PortalSession {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'portal_session_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'portal_session_tenant_fkey' })
  tenant?: Relation<Tenant>;

  /** SHA-256 of the token. */
  @Column({ name: 'fingerprint', type: 'bytea' })
  fingerprint!: Buffer;

  @Column({ name: 'sections', type: 'text', array: true })
  sections!: PortalSection[];

  @Column({ name: 'read_only', type: 'boolean' })
  readOnly!: boolean;

  /** Who uses it, as whoever made it says. */
  @Column({ name: 'user_name', type: 'text', nullable: true })
  user!: string | null;

  @Column({ name: 'theme', type: 'jsonb', nullable: true })
  theme!: PortalView['theme'] | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
