// The hint that an event's handlers are due. The rows are the truth: a hint that is lost costs a sweep's interval.
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { newId } from '../kernel/ids.js';
import { InjectQueue } from '../platform/queue/index.js';
import { JOB_HORIZON_MS } from './policy.js';

export const RUNS_QUEUE = 'posthorn-runs';

/** What a job holds: never more than an id. */
export interface RunsJob {
  readonly receivedEventId: string;
}

// A timer that fires a moment before PostgreSQL thinks it is time would find nothing due.
const SLACK_MS = 20;

/** Jobs that are added at a time. */
const BATCH = 500;

@Injectable()
export class RunsQueue {
  private readonly logger = new Logger('RunsQueue');

  constructor(@InjectQueue(RUNS_QUEUE) private readonly queue: Queue<RunsJob>) {}

  /** How many jobs there are, by state. */
  countJobs(): Promise<Record<string, number>> {
    return this.queue.getJobCounts('waiting', 'delayed', 'active');
  }

  /** Has a worker look at the event after `waitMs`. Never fails: without it the sweep finds the event. */
  hint(receivedEventId: string, waitMs: number): void {
    if (waitMs <= JOB_HORIZON_MS) void this.add([receivedEventId], waitMs);
  }

  /** Has workers look at many events now. */
  async hintAll(receivedEventIds: readonly string[]): Promise<void> {
    for (let start = 0; start < receivedEventIds.length; start += BATCH)
      await this.add(receivedEventIds.slice(start, start + BATCH), 0);
  }

  private async add(receivedEventIds: readonly string[], waitMs: number): Promise<void> {
    const jobs = receivedEventIds.map((receivedEventId) => ({
      name: 'run',
      data: { receivedEventId },
      opts: {
        // BullMQ silently ignores an id that it still holds, so none is used twice.
        jobId: `${receivedEventId}-${newId()}`,
        delay: waitMs > 0 ? waitMs + SLACK_MS : 0,
        attempts: 1,
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    await this.queue.addBulk(jobs).catch((error: Error) => {
      this.logger.debug(
        `No hint for ${jobs.length} received events, the first ${receivedEventIds[0]}: ${error.message}`,
      );
    });
  }
}
