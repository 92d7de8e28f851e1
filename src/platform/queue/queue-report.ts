// How our queues stand, for the administrator's eyes. Reads a few jobs and nobody's payload: jobs hold ids.
import { Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { inTime } from '../../kernel/in-time.js';
import { Queues } from './queues.js';

/** A queue that hangs, as Redis may, is not waited for: the page asks again. */
const DEADLINE_MS = 2_000;

/** Failed jobs that are shown, the last ones. */
const MAX_FAILED = 20;

/** A job that ended in an error: what it held and what the error said. */
export interface FailedJob {
  readonly id: string;
  readonly data: unknown;
  readonly reason: string;
  readonly at: Date;
}

/** How a queue stands. */
export interface QueueState {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** Since when the oldest job waits whose time has come. */
  readonly oldestWaitingSince: Date | null;
  /** When the first of the delayed jobs is due. */
  readonly nextDelayedAt: Date | null;
  readonly lastFailed: readonly FailedJob[];
}

@Injectable()
export class QueueReport {
  constructor(private readonly queues: Queues) {}

  /** Where the jobs are. */
  get backend(): 'postgresql' | 'redis' {
    return this.queues.backend;
  }

  /** Every queue by its name, in the order of the names; `undefined` where it does not answer. */
  async read(): Promise<ReadonlyMap<string, QueueState | undefined>> {
    const queues = [...this.queues.openQueues].sort((a, b) => a.name.localeCompare(b.name));
    const states = queues.map(async (queue) => [queue.name, await inTime(stateOf(queue), DEADLINE_MS)] as const);
    return new Map(await Promise.all(states));
  }
}

async function stateOf(queue: Queue): Promise<QueueState> {
  const [counts, [oldest], [next], failed] = await Promise.all([
    queue.getJobCounts('waiting', 'active', 'delayed', 'failed'),
    queue.getJobs('waiting', 0, 0, true),
    queue.getJobs('delayed', 0, 0, true),
    queue.getJobs('failed', 0, MAX_FAILED - 1, false),
  ]);
  const { waiting = 0, active = 0, delayed = 0, failed: failures = 0 } = counts;
  return {
    waiting,
    active,
    delayed,
    failed: failures,
    oldestWaitingSince: oldest ? dueAt(oldest) : null,
    nextDelayedAt: next ? dueAt(next) : null,
    lastFailed: failed.map((job) => ({
      id: job.id ?? '',
      data: job.data as unknown,
      reason: job.failedReason ?? '',
      at: new Date(job.finishedOn ?? job.timestamp),
    })),
  };
}

const dueAt = ({ timestamp, opts }: Job): Date => new Date(timestamp + (opts.delay ?? 0));
