// Deletes remembered answers past their window, some at a time.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { IdempotencyLedger } from './idempotency-ledger.js';

const ROUND_MS = 60_000;
const BATCH = 5_000;

@Injectable()
export class IdempotencyRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Idempotency');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly ledger: IdempotencyLedger,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    const start = (): void => void (this.round = this.round.then(() => this.enforce()));
    start();
    this.timer = setInterval(start, ROUND_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  /** Never rejects: the next round tries again. */
  private async enforce(): Promise<void> {
    try {
      await this.ledger.deleteExpired(BATCH);
    } catch (error) {
      this.logger.warn(`Answers past their window stay for now, will try again: ${(error as Error).message}`);
    }
  }
}
