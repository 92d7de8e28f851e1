import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Whose data a row is. */
@Entity({ name: 'tenant' })
export class Tenant {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'tenant_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
