import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Source } from './source.entity.js';

/** A secret that a source's sender signs with, sealed. */
@Entity({ name: 'source_secret' })
@Index('source_secret_source', ['sourceId', 'id'])
export class SourceSecret {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'source_secret_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'source_id', type: 'uuid' })
  sourceId!: string;

  @ManyToOne(() => Source, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'source_id', foreignKeyConstraintName: 'source_secret_source_fkey' })
  source?: Relation<Source>;

  /** A `SecretBox` owned by this row's id. */
  @Column({ name: 'ciphertext', type: 'bytea' })
  ciphertext!: Buffer;

  @Column({ name: 'hint', type: 'text' })
  hint!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;
}
