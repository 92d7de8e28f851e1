import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { SendingPolicyColumns } from './sending-policy.columns.js';

/** Whose data a row is, and the policy of its webhooks that have none of their own. */
@Entity({ name: 'tenant' })
@Index('tenant_deleted', ['id'], { where: 'deleted_at IS NOT NULL' })
export class Tenant extends SendingPolicyColumns {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'tenant_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  /** How many of them it may have. Null: as the installation says. */
  @Column({ name: 'max_webhooks', type: 'integer', nullable: true })
  maxWebhooks!: number | null;

  @Column({ name: 'max_sources', type: 'integer', nullable: true })
  maxSources!: number | null;

  /** Since when it is being erased: it exists no more, and its rows go. */
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
