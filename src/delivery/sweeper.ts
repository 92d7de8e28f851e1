// The safety net: every few seconds, whatever nobody woke. It alone would deliver everything, only later.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Rounds } from '../platform/rounds.js';
import { DeliveryWake } from './delivery-wake.js';
import { DueDeliveries } from './due-deliveries.js';
import { Erasure } from './events/erasure.js';
import { entriesOfLost } from './live/live-entry.js';
import { LiveFeed } from './live/live-feed.js';
import { JOB_HORIZON_MS, RetryQueue } from './retry/retry.queue.js';
import { Rollup } from './stats/rollup.js';
import { WebhookHealth } from './operational/webhook-health.js';

const SWEEP_MS = 3_000;

/** Looks that read more than a few rows are taken every so many sweeps. */
const SLOW_EVERY = 20;

@Injectable()
export class Sweeper implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Sweep');
  private readonly rounds = new Rounds(
    () => this.sweep(),
    SWEEP_MS,
    ({ message }) => this.logger.warn(`Sweeping failed, trying again: ${message}`),
  );
  private sweeps = 0;

  constructor(
    private readonly due: DueDeliveries,
    private readonly retries: RetryQueue,
    private readonly wake: DeliveryWake,
    private readonly erasure: Erasure,
    private readonly health: WebhookHealth,
    private readonly rollup: Rollup,
    private readonly live: LiveFeed,
  ) {}

  start(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** Looks once at everything that may have been missed. */
  async sweep(): Promise<void> {
    const expired = await this.takeBack();
    if (expired > 0) {
      this.rollup.noteCounted();
      this.logger.warn(`Took back ${expired} deliveries whose sender did not report.`);
    }
    if (expired + (await this.due.wakeOverdue()) > 0) this.wake.everywhere();
    if (this.sweeps++ % SLOW_EVERY === 0) await this.slowLooks();
  }

  private async takeBack(): Promise<number> {
    for (let total = 0; ;) {
      const { lost, failed, more } = await this.due.takeBackExpired();
      if (this.live.isFollowed) await this.live.append(lost.flatMap(entriesOfLost));
      await this.health.tellExhausted(failed);
      total += lost.length;
      if (!more) return total;
    }
  }

  private async slowLooks(): Promise<void> {
    await this.erasure.catchUp();
    for (const webhookId of await this.due.disabledWithRetries()) await this.due.skipWaiting(webhookId);
    // Retries planned further ahead than the horizon enter it between two slow looks. The window is one look longer than
    // the pause, since a job that is added twice is one job.
    const window = 2 * SLOW_EVERY * SWEEP_MS;
    const upcoming = await this.due.upcoming(JOB_HORIZON_MS - window, JOB_HORIZON_MS);
    this.retries.remind(
      upcoming.map(({ id: deliveryId, number, wait_ms: waitMs }) => ({ deliveryId, number, waitMs })),
    );
  }
}
