// Deletes remembered answers past their window, some at a time, until none is left: however many come, as many go.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { Rounds } from '../rounds.js';
import { IdempotencyLedger } from './idempotency-ledger.js';

const ROUND_MS = 60_000;
const BATCH = 5_000;

@Injectable()
export class IdempotencyRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Idempotency');
  private readonly rounds = new Rounds(
    () => this.enforce(),
    ROUND_MS,
    ({ message }) => this.logger.warn(`Answers past their window stay for now, will try again: ${message}`),
  );

  constructor(
    private readonly ledger: IdempotencyLedger,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }
  private async enforce(): Promise<void> {
    while (!this.rounds.isStopped && (await this.ledger.deleteExpired(BATCH)) === BATCH);
  }
}
