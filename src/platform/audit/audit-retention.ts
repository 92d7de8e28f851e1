// Forgets entries of the audit log that are older than AUDIT_RETENTION, some at a time.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../config/index.js';
import type { Settings } from '../config/index.js';
import { Database } from '../database/index.js';
import { Rounds } from '../rounds.js';
import { AuditLog } from './audit-log.js';

const ROUND_MS = 3_600_000;
const BATCH = 1_000;

@Injectable()
export class AuditRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('AuditLog');
  private readonly rounds = new Rounds(
    () => this.enforce(),
    ROUND_MS,
    ({ message }) => this.logger.warn(`Old entries stay for now, will try again: ${message}`),
  );

  constructor(
    private readonly log: AuditLog,
    private readonly database: Database,
    @Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'auditRetentionMs'>,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /**
   * One round, by PostgreSQL's clock: a process whose own is ahead would delete what is young.
   *
   * @param asOfMs - Another moment than now.
   */
  async enforce(asOfMs?: number): Promise<void> {
    const before = (asOfMs ?? (await this.database.now())) - this.settings.auditRetentionMs;
    while (!this.rounds.isStopped && (await this.log.deleteBefore(before, BATCH)) === BATCH);
  }
}
