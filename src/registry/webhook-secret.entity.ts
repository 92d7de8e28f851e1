import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { SecretColumns } from './secret.columns.js';
import { Webhook } from './webhook.entity.js';

/** A signing secret of a webhook, the whole text sealed. */
@Entity({ name: 'webhook_secret' })
@Index('webhook_secret_webhook', ['webhookId', 'id'])
export class WebhookSecret extends SecretColumns {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'webhook_secret_pkey' })
  id!: string;

  @Column({ name: 'webhook_id', type: 'uuid' })
  webhookId!: string;

  /** What receivers verify with, of a private key; null: they hold the secret itself. */
  @Column({ name: 'public_key', type: 'text', nullable: true })
  publicKey!: string | null;

  @ManyToOne(() => Webhook, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'webhook_id', foreignKeyConstraintName: 'webhook_secret_webhook_fkey' })
  webhook?: Relation<Webhook>;
}
