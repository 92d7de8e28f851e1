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

@Injectable()
export class RunsQueue {
  private readonly logger = new Logger('RunsQueue');

  constructor(@InjectQueue(RUNS_QUEUE) private readonly queue: Queue<RunsJob>) {}

  /** Has a worker look at the event after `waitMs`. Never fails: without it the sweep finds the event. */
  hint(receivedEventId: string, waitMs: number): void {
    if (waitMs > JOB_HORIZON_MS) return;
    this.queue
      .add(
        'run',
        { receivedEventId },
        {
          // BullMQ silently ignores an id that it still holds, so none is used twice.
          jobId: `${receivedEventId}-${newId()}`,
          delay: waitMs > 0 ? waitMs + SLACK_MS : 0,
          attempts: 1,
          removeOnComplete: true,
          removeOnFail: true,
        },
      )
      .catch((error: Error) => this.logger.debug(`No hint for received event ${receivedEventId}: ${error.message}`));
  }
}
