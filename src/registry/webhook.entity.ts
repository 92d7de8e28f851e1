import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import type { FilterInput } from '../kernel/event-filter/event-filter.js';
import { SendingPolicyColumns } from './sending-policy.columns.js';
import { Tenant } from './tenant.entity.js';

/** How events are written for a webhook: our own envelope, or CloudEvents 1.0 in one of its HTTP content modes. */
export const PAYLOAD_FORMATS = ['native', 'cloudevents-structured', 'cloudevents-binary'] as const;

export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** What is promised where it is not known whether a request arrived: it is sent again, or it is not. */
export const GUARANTEES = ['at-least-once', 'at-most-once'] as const;

export type Guarantee = (typeof GUARANTEES)[number];

/** A subscription. Deleting is soft: its deliveries stay to be read. */
@Entity({ name: 'webhook' })
@Index('webhook_tenant', ['tenantId', 'id'])
// GIN and partial, which decorators cannot say; without this line a generated migration would drop it.
@Index('webhook_patterns', { synchronize: false })
@Check('webhook_filter_check', '(filter IS NULL) = (filter_id IS NULL)')
@Check('webhook_format_check', `format IN (${PAYLOAD_FORMATS.map((format) => `'${format}'`).join(', ')})`)
@Check('webhook_guarantee_check', `guarantee IN (${GUARANTEES.map((guarantee) => `'${guarantee}'`).join(', ')})`)
export class Webhook extends SendingPolicyColumns {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'webhook_pkey' })
  id!: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'webhook_tenant_fkey' })
  tenant?: Relation<Tenant>;

  @Column({ name: 'url', type: 'text' })
  url!: string;

  @Column({ name: 'patterns', type: 'text', array: true })
  patterns!: string[];

  @Column({ name: 'active', type: 'boolean', default: true })
  active!: boolean;

  @Column({ name: 'disabled_reason', type: 'text', nullable: true })
  disabledReason!: string | null;

  @Column({ name: 'description', type: 'text', nullable: true })
  description!: string | null;

  @Column({ name: 'format', type: 'text', default: 'native' })
  format!: PayloadFormat;

  /** A `SecretBox` of the custom headers, owned by this row's id. Null: none. */
  @Column({ name: 'headers', type: 'bytea', nullable: true })
  headers!: Buffer | null;

  /** A `SecretBox` of how requests are authenticated, owned by this row's id. Null: by signatures alone. */
  @Column({ name: 'authentication', type: 'bytea', nullable: true })
  authentication!: Buffer | null;

  /** Requests in flight at most, from all workers together. Null: no limit of its own. */
  @Column({ name: 'max_in_flight', type: 'integer', nullable: true })
  maxInFlight!: number | null;

  /** How long deliveries of events that say nothing are worth sending, in milliseconds. Null: for ever. */
  @Column({ name: 'expires_after_ms', type: 'integer', nullable: true })
  expiresAfterMs!: number | null;

  @Column({ name: 'guarantee', type: 'text', default: 'at-least-once' })
  guarantee!: Guarantee;

  /** Attempts in any `rateLimitSeconds` seconds at most, from all workers together. Both are null, or neither. */
  @Column({ name: 'rate_limit_max', type: 'integer', nullable: true })
  rateLimitMax!: number | null;

  @Column({ name: 'rate_limit_seconds', type: 'integer', nullable: true })
  rateLimitSeconds!: number | null;

  /** Deliveries with the same ordering key go one after the other, in the order of their events. */
  @Column({ name: 'ordered', type: 'boolean', default: false })
  ordered!: boolean;

  /** Which events it takes, beyond their types. Null: all of them. */
  @Column({ name: 'filter', type: 'json', nullable: true })
  filter!: FilterInput | null;

  /** Another one with every change of the filter: whoever knows the id knows the filter. */
  @Column({ name: 'filter_id', type: 'uuid', nullable: true })
  filterId!: string | null;

  /** A JSONata expression that makes what is sent in the place of an event. Null: the event is sent. */
  @Column({ name: 'transformation', type: 'text', nullable: true })
  transformation!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;

  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
