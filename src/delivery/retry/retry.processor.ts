// A retry's time has come: its delivery is made due again, and the engine sends it like any other.
import { Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { Processor, WorkerHost } from '../../platform/queue/index.js';
import { DeliveryWake } from '../delivery-wake.js';
import { DueDeliveries } from '../due-deliveries.js';
import { RETRY_QUEUE } from './retry.queue.js';
import type { RetryJob } from './retry.queue.js';

// Jobs that fall due together are answered by one statement.
const GATHER_MS = 5;

@Injectable()
@Processor({ queue: RETRY_QUEUE, concurrency: 200 })
export class RetryProcessor extends WorkerHost {
  private gathering: { ids: string[]; woken: Promise<void> } | undefined;

  constructor(
    private readonly due: DueDeliveries,
    private readonly wake: DeliveryWake,
  ) {
    super();
  }

  override process(job: Job<RetryJob>): Promise<void> {
    this.gathering ??= this.gather();
    this.gathering.ids.push(job.data.deliveryId);
    return this.gathering.woken;
  }

  private gather(): { ids: string[]; woken: Promise<void> } {
    const ids: string[] = [];
    const woken = new Promise((resolve) => setTimeout(resolve, GATHER_MS)).then(async () => {
      this.gathering = undefined;
      const webhookIds = await this.due.wake(ids);
      if (webhookIds.length > 0) this.wake.everywhere(webhookIds);
    });
    return { ids, woken };
  }
}
