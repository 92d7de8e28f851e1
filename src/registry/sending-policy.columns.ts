// How deliveries are tried again and when a webhook is given up: the columns that a webhook and its tenant share. Each
// column stands for itself: the webhook's counts, else its tenant's, else the installation's setting.
import { Column } from 'typeorm';

/** Null, in any column: what the less specific one says. */
export abstract class SendingPolicyColumns {
  @Column({ name: 'timeout_ms', type: 'integer', nullable: true })
  timeoutMs!: number | null;

  /** Waits in milliseconds. */
  @Column({ name: 'retry_schedule', type: 'integer', array: true, nullable: true })
  retrySchedule!: number[] | null;

  @Column({ name: 'retry_jitter', type: 'double precision', nullable: true })
  retryJitter!: number | null;

  @Column({ name: 'max_retry_wait_ms', type: 'integer', nullable: true })
  maxRetryWaitMs!: number | null;

  /** Rules of `parseRetriedStatuses`, as they were written. */
  @Column({ name: 'retry_statuses', type: 'text', array: true, nullable: true })
  retryStatuses!: string[] | null;

  /** A rule of `parseAutoDisable`. */
  @Column({ name: 'auto_disable', type: 'text', nullable: true })
  autoDisable!: string | null;
}
