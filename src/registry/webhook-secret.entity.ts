import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Webhook } from './webhook.entity.js';

/** A signing secret of a webhook, sealed. Live until it expires; the newest one does not. */
@Entity({ name: 'webhook_secret' })
@Index('webhook_secret_webhook', ['webhookId', 'id'])
export class WebhookSecret {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'webhook_secret_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'webhook_id', type: 'uuid' })
  webhookId!: string;

  @ManyToOne(() => Webhook, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'webhook_id', foreignKeyConstraintName: 'webhook_secret_webhook_fkey' })
  webhook?: Relation<Webhook>;

  /** A `SecretBox` of the whole `whsec_…` string, owned by this row's id. */
  @Column({ name: 'ciphertext', type: 'bytea' })
  ciphertext!: Buffer;

  @Column({ name: 'hint', type: 'text' })
  hint!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;
}
