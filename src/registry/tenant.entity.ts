import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SendingPolicyColumns } from './sending-policy.columns.js';

/** Whose data a row is, and the policy of its webhooks that have none of their own. */
@Entity({ name: 'tenant' })
export class Tenant extends SendingPolicyColumns {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'tenant_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
