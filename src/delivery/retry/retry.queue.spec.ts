import { describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { RetryQueue } from './retry.queue.js';
import type { PlannedRetry, RetryJob } from './retry.queue.js';

/** BullMQ's queue on a Redis whose connection stands and that answers when it is told to. */
class HangingQueue {
  asked = 0;
  private readonly waiting: (() => void)[] = [];

  async addBulk(jobs: readonly unknown[]): Promise<void> {
    this.asked += jobs.length;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  answer(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

const retries = (count: number): PlannedRetry[] =>
  Array.from({ length: count }, (_, n) => ({ deliveryId: `delivery-${n}`, number: 1, waitMs: 1_000 }));

describe('a queue that hangs', () => {
  it('is asked for so much only, and again once it has answered', async () => {
    const hanging = new HangingQueue();
    const queue = new RetryQueue(hanging as unknown as Queue<RetryJob>);
    for (let n = 0; n < 100; n += 1) queue.remind(retries(500));
    expect(hanging.asked).toBe(10_000);

    hanging.answer();
    await new Promise(setImmediate);
    queue.remind(retries(500));
    expect(hanging.asked).toBe(10_500);
  });
});
