// Runs the handlers of events whose time has come. Whether it has is for the rows to say, not for the job.
import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { Processor, WorkerHost } from '../platform/queue/index.js';
import { InboundService } from './inbound.service.js';
import { RUN_CONCURRENCY } from './policy.js';
import { RUNS_QUEUE } from './runs.queue.js';
import type { RunsJob } from './runs.queue.js';

@Processor({ queue: RUNS_QUEUE, concurrency: RUN_CONCURRENCY })
@Injectable()
export class RunsProcessor extends WorkerHost {
  constructor(private readonly inbound: InboundService) {
    super();
  }

  override async process(job: Job<RunsJob>): Promise<void> {
    await this.inbound.resume(job.data.receivedEventId);
  }
}
