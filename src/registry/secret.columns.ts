// A sealed secret of a webhook or of a source: the columns that both have.
import { Column } from 'typeorm';

/** Live until it expires; the newest one does not. */
export abstract class SecretColumns {
  abstract id: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  /** A `SecretBox` of the whole secret, owned by this row's id. */
  @Column({ name: 'ciphertext', type: 'bytea' })
  ciphertext!: Buffer;

  @Column({ name: 'hint', type: 'text' })
  hint!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;
}
