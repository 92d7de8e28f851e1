import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { SecretColumns } from './secret.columns.js';
import { Webhook } from './webhook.entity.js';

/** A signing secret of a webhook, the whole `whsec_…` string sealed. */
@Entity({ name: 'webhook_secret' })
@Index('webhook_secret_webhook', ['webhookId', 'id'])
export class WebhookSecret extends SecretColumns {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'webhook_secret_pkey' })
  id!: string;

  @Column({ name: 'webhook_id', type: 'uuid' })
  webhookId!: string;

  @ManyToOne(() => Webhook, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'webhook_id', foreignKeyConstraintName: 'webhook_secret_webhook_fkey' })
  webhook?: Relation<Webhook>;
}
