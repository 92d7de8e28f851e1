// Carries out replays, a little at a time: as much as their webhooks can take, and never so much that new events would
// wait for them. Any number of processes do it together; where one of them dies another goes on.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../../platform/config/index.js';
import type { Settings } from '../../platform/config/index.js';
import { DeliveryWake } from '../delivery-wake.js';
import { ReplaysRepository } from './replays.repository.js';
import type { ReplayStep } from './replays.repository.js';

/** Pause between steps while a replay is under way. */
const STEP_MS = 100;

/** Pause while there is none, or where something failed. A replay asked for in this process does not wait for it. */
const IDLE_MS = 1_000;

@Injectable()
export class Replayer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Replay');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private started = false;
  private askedAgain = false;

  constructor(
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
    private readonly replays: ReplaysRepository,
    private readonly wake: DeliveryWake,
  ) {}

  onApplicationBootstrap(): void {
    this.started = this.settings.role !== 'api';
    this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.started = false;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Looks now: a replay was asked for. Where another process does the work, that one finds it within a second. */
  look(): void {
    this.askedAgain = this.running !== undefined;
    if (this.started && !this.running) this.next(0);
  }

  private next(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.askedAgain = false;
      this.running = this.pass().then((pauseMs) => {
        this.running = undefined;
        if (this.started) this.next(this.askedAgain ? 0 : pauseMs);
      });
    }, afterMs);
  }

  /** One step of every replay whose turn it is. Resolves with how long to pause; never rejects. */
  private async pass(): Promise<number> {
    try {
      const ids = await this.replays.findUnfinished();
      const outcomes = new Set<ReplayStep['next'] | 'failed'>();
      for (const id of ids) {
        if (!this.started) break;
        outcomes.add(await this.step(id));
      }
      if (ids.length === 0 || outcomes.has('failed')) return IDLE_MS;
      return outcomes.has('more') ? 0 : STEP_MS;
    } catch (error) {
      this.logger.warn(`Could not look for replays, trying again: ${(error as Error).message}`);
      return IDLE_MS;
    }
  }

  /** A replay that cannot go on does not hold up the others. */
  private async step(id: string): Promise<ReplayStep['next'] | 'failed'> {
    try {
      const { made, next } = await this.replays.step(id);
      if (made > 0) this.wake.everywhere();
      if (next === 'finished') await this.replays.deleteOld();
      return next;
    } catch (error) {
      this.logger.warn(`Replay ${id} could not go on, trying again: ${(error as Error).message}`);
      return 'failed';
    }
  }
}
