// Forgets entries of the audit log that are older than AUDIT_RETENTION, some at a time.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { Database } from '../database/index.js';
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
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'auditRetentionMs'>,
  ) {}

  onApplicationBootstrap(): void {
    const start = (): void => void (this.round = this.round.then(() => this.enforce()));
    start();
    this.timer = setInterval(start, ROUND_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }

  /**
   * One round, by PostgreSQL's clock: a process whose own is ahead would delete what is young. Never rejects: the next one tries again.
   *
   * @param asOfMs - Another moment than now.
   */
  async enforce(asOfMs?: number): Promise<void> {
    try {
      const before = (asOfMs ?? (await this.database.now())) - this.settings.auditRetentionMs;
      while (!this.stopped && (await this.log.deleteBefore(before, BATCH)) === BATCH);
    } catch (error) {
      this.logger.warn(`Old entries stay for now, will try again: ${(error as Error).message}`);
    }
  }
}
