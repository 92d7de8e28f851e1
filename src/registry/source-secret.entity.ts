import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { SecretColumns } from './secret.columns.js';
import { Source } from './source.entity.js';

/** A secret that a source's sender signs with, sealed. */
@Entity({ name: 'source_secret' })
@Index('source_secret_source', ['sourceId', 'id'])
export class SourceSecret extends SecretColumns {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'source_secret_pkey' })
  id!: string;

  @Column({ name: 'source_id', type: 'uuid' })
  sourceId!: string;

  @ManyToOne(() => Source, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'source_id', foreignKeyConstraintName: 'source_secret_source_fkey' })
  source?: Relation<Source>;
}
