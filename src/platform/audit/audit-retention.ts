// Forgets entries of the audit log that are older than AUDIT_RETENTION, some at a time.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { systemClock } from '../../kernel/clock.js';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { AuditLog } from './audit-log.js';

const ROUND_MS = 3_600_000;
const BATCH = 1_000;

@Injectable()
export class AuditRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('AuditLog');
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly log: AuditLog,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'auditRetentionMs'>,
  ) {}

  onApplicationBootstrap(): void {
    const start = (): void => void (this.round = this.round.then(() => this.enforce(systemClock())));
    start();
    this.timer = setInterval(start, ROUND_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** One round, as of `nowMs`. Never rejects: the next one tries again. */
  async enforce(nowMs: number): Promise<void> {
    try {
      while (!this.stopped && (await this.log.deleteBefore(nowMs - this.settings.auditRetentionMs, BATCH)) === BATCH);
    } catch (error) {
      this.logger.warn(`Old entries stay for now, will try again: ${(error as Error).message}`);
    }
  }
}
