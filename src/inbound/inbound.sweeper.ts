// Finds what no job woke: runs that are due, runs whose holder died, ledger entries and rejections past their time, sources
// that fell silent. With it a lost queue costs seconds, never an event.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { Rounds } from '../platform/rounds.js';
import { DueRunsRepository } from './due-runs.repository.js';
import { Handlers } from './handlers.js';
import { InboundService } from './inbound.service.js';
import { LedgerRepository } from './ledger.repository.js';
import { PRUNE_BATCH, PRUNE_INTERVAL_MS, RUN_CONCURRENCY, SILENCE_LOOK_MS, SWEEP_INTERVAL_MS } from './policy.js';
import { RejectionsRepository } from './rejections/rejections.repository.js';
import { SourceWatch } from './source-watch.js';

const LOOK_LIMIT = 200;

@Injectable()
export class InboundSweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('InboundSweeper');
  private readonly resuming = new Set<string>();
  /** Events that are due and wait for others to be resumed. */
  private waiting: string[] = [];
  private looking = false;
  private readonly rounds = new Rounds(
    () => this.sweep(),
    SWEEP_INTERVAL_MS,
    ({ message }) => this.logger.warn(`A sweep failed, the next one tries again: ${message}`),
  );
  private prunedAt = Number.NEGATIVE_INFINITY;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly inbound: InboundService,
    private readonly runs: DueRunsRepository,
    private readonly handlers: Handlers,
    private readonly ledger: LedgerRepository,
    private readonly watch: SourceWatch,
    private readonly rejections: RejectionsRepository,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'api') this.rounds.start(SWEEP_INTERVAL_MS);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  private async sweep(): Promise<void> {
    const interrupted = await this.runs.failInterrupted(LOOK_LIMIT, this.handlers.retryCeilings());
    if (interrupted > 0) this.logger.warn(`Handlers of ${interrupted} events were interrupted; they run again.`);
    await this.look();
    if (monotonicNow() - this.prunedAt >= PRUNE_INTERVAL_MS) await this.prune();
    if (monotonicNow() - this.lookedAt >= SILENCE_LOOK_MS) {
      await this.watch.look();
      this.lookedAt = monotonicNow();
    }
  }

  /** Finds what is due, unless what was found last time still waits, and resumes as much of it as there is room for. */
  private async look(): Promise<void> {
    if (this.waiting.length === 0 && !this.looking) {
      this.looking = true;
      try {
        this.waiting = await this.runs.findDueEventIds(LOOK_LIMIT);
      } finally {
        this.looking = false;
      }
    }
    while (!this.rounds.isStopped && this.resuming.size < RUN_CONCURRENCY) {
      const id = this.waiting.shift();
      if (id === undefined) break;
      if (!this.resuming.has(id)) void this.resume(id);
    }
  }

  /** Not awaited: a handler that takes minutes must not keep the sweep from the others. */
  private async resume(id: string): Promise<void> {
    this.resuming.add(id);
    try {
      // One that ran makes room for the next. One that others hold would be found again at once: it waits for the next sweep.
      const ran = await this.inbound.resume(id);
      this.resuming.delete(id);
      if (!this.rounds.isStopped && (ran || this.waiting.length > 0)) await this.look();
    } catch (error) {
      this.resuming.delete(id);
      this.logger.warn(`Received event ${id} could not be resumed: ${(error as Error).message}`);
    }
  }

  private async prune(): Promise<void> {
    while (!this.rounds.isStopped && (await this.ledger.deleteExpired(PRUNE_BATCH)) === PRUNE_BATCH);
    while (!this.rounds.isStopped && (await this.rejections.deleteExpired(PRUNE_BATCH)) === PRUNE_BATCH);
    this.prunedAt = monotonicNow();
  }
}
