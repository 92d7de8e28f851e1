// The timer of retries: a delayed job per retry that is not far off. A job only says when to look at a row; losing all
// of them costs a few seconds of lateness, because the sweep looks too.
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { InjectQueue } from '../../platform/queue/index.js';

export const RETRY_QUEUE = 'posthorn-retries';

/** Retries further off than this get their job from the sweep, so that no queue holds days of them. */
export const JOB_HORIZON_MS = 600_000;

/** Jobs that the queue has not confirmed, at most: one that hangs would be asked more and more, and all of it kept in memory. */
const MAX_UNCONFIRMED = 10_000;

/** What a retry job holds: an id, and nothing that could be stale or secret. */
export interface RetryJob {
  readonly deliveryId: string;
}

/** A retry to be reminded of. */
export interface PlannedRetry {
  readonly deliveryId: string;
  /** The attempt that failed: part of the job's id, so that each retry has a job of its own. */
  readonly number: number;
  readonly waitMs: number;
}

@Injectable()
export class RetryQueue {
  private readonly logger = new Logger('RetryQueue');
  private unconfirmed = 0;

  constructor(@InjectQueue(RETRY_QUEUE) private readonly queue: Queue<RetryJob>) {}

  /** How many jobs there are, by state. */
  async countJobs(): Promise<Record<string, number>> {
    return this.queue.getJobCounts('waiting', 'delayed', 'active');
  }

  /** Adds the jobs without making anyone wait for the queue, which may be away, or hang: then the sweep sees to the retries. */
  remind(retries: readonly PlannedRetry[]): void {
    const near = retries.filter(({ waitMs }) => waitMs <= JOB_HORIZON_MS);
    if (near.length === 0 || this.unconfirmed >= MAX_UNCONFIRMED) return;
    this.unconfirmed += near.length;
    this.queue
      .addBulk(
        near.map(({ deliveryId, number, waitMs }) => ({
          name: 'retry',
          data: { deliveryId },
          opts: {
            jobId: `${deliveryId}-${number}`,
            // PostgreSQL's waits have fractions, which BullMQ on PostgreSQL refuses. Never early: the row is not due before.
            delay: Math.ceil(waitMs),
            attempts: 1,
            removeOnComplete: true,
            removeOnFail: true,
          },
        })),
      )
      .catch((error: Error) =>
        this.logger.debug(`No jobs for ${near.length} retries; the sweep will see to them: ${error.message}`),
      )
      .finally(() => (this.unconfirmed -= near.length));
  }
}
