import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Tenant } from '../tenant.entity.js';

/** A type of the catalogue: what an event of it means, and what its data looks like. */
@Entity({ name: 'event_type' })
@Index('event_type_tenant', ['tenantId', 'id'])
@Index('event_type_name', ['tenantId', 'name'], { unique: true })
export class EventType {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'event_type_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'event_type_tenant_fkey' })
  tenant?: Relation<Tenant>;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'description', type: 'text', nullable: true })
  description!: string | null;

  /** What `data` must meet. Null: anything. */
  @Column({ name: 'schema', type: 'json', nullable: true })
  schema!: object | null;

  /** Another one with every change of the schema: whoever knows the id knows the schema. */
  @Column({ name: 'schema_id', type: 'uuid', nullable: true })
  schemaId!: string | null;

  @Column({ name: 'example', type: 'json', nullable: true })
  example!: object | null;

  @Column({ name: 'version', type: 'text', nullable: true })
  version!: string | null;

  @Column({ name: 'deprecated', type: 'boolean', default: false })
  deprecated!: boolean;

  /** As if it were not there, and kept. */
  @Column({ name: 'archived', type: 'boolean', default: false })
  archived!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;
}
