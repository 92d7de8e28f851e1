import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AttemptOutcome } from './delivery-status.js';

/** One HTTP request of a delivery, with its outcome. Lives in the partition of its delivery's id. */
@Entity('delivery_attempt')
export class DeliveryAttempt {
  @PrimaryColumn({ name: 'delivery_id', type: 'uuid', primaryKeyConstraintName: 'delivery_attempt_pkey' })
  deliveryId!: string;

  @PrimaryColumn({ name: 'number', type: 'integer', primaryKeyConstraintName: 'delivery_attempt_pkey' })
  number!: number;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId!: string;

  @Column({ name: 'started_at', type: 'timestamptz' })
  startedAt!: Date;

  @Column({ name: 'duration_ms', type: 'integer' })
  durationMs!: number;

  @Column({ name: 'outcome', type: 'text' })
  outcome!: AttemptOutcome;

  @Column({ name: 'http_status', type: 'smallint', nullable: true })
  httpStatus!: number | null;

  @Column({ name: 'error', type: 'text', nullable: true })
  error!: string | null;

  @Column({ name: 'url', type: 'text', nullable: true })
  url!: string | null;

  /** JSON of the headers sent, signatures masked; without those that the delivery tells, of the usual request. */
  @Column({ name: 'request_headers', type: 'text', nullable: true })
  requestHeaders!: string | null;

  /** JSON of the headers answered. Bytes, because what a receiver answers may hold NULs, which text refuses. */
  @Column({ name: 'response_headers', type: 'bytea', nullable: true })
  responseHeaders!: Buffer | null;

  /** The first 4 KiB of the answer. */
  @Column({ name: 'response_body', type: 'bytea', nullable: true })
  responseBody!: Buffer | null;

  /** As `timingText` writes it; null where nobody measured. */
  @Column({ name: 'timing', type: 'text', nullable: true })
  timing!: string | null;
}
