// Carries out replays, a little at a time: as much as their webhooks can take, and never so much that new events would
// wait for them. Any number of processes do it together; where one of them dies another goes on.
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { Notifications } from '../../platform/database/index.js';
import { Rounds } from '../../platform/rounds.js';
import { DeliveryWake } from '../delivery-wake.js';
import { ReplaysRepository } from './replays.repository.js';
import type { ReplayStep } from './replays.repository.js';
import { Turns } from './turns.js';
import type { Unfinished } from './turns.js';

/** Pause between steps while a replay is under way. */
const STEP_MS = 100;

/** How long a pass lasts, but for the first step of each tenant. */
const PASS_MS = 250;

/** Pause where something failed. */
const FAILED_MS = 1_000;

/** Pause while there is none. A replay that is asked for does not wait for it, unless its hint is lost. */
const IDLE_MS = 5_000;

const TOPIC = 'replay';

@Injectable()
export class Replayer implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Replay');
  private readonly turns = new Turns();
  private readonly rounds = new Rounds(
    () => this.pass(),
    IDLE_MS,
    ({ message }) => {
      this.logger.warn(`Could not look for replays, trying again: ${message}`);
      return FAILED_MS;
    },
  );

  constructor(
    private readonly replays: ReplaysRepository,
    private readonly wake: DeliveryWake,
    private readonly notifications: Notifications,
  ) {}

  start(): void {
    this.notifications.listen(TOPIC, () => this.rounds.soon());
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** Has every process look now: a replay was asked for. */
  lookEverywhere(): void {
    this.rounds.soon();
    this.notifications.hint(TOPIC);
  }

  /**
   * One step of a replay of each tenant, and of more for as long as a pass lasts: what there is to do is looked at anew before one
   * with thousands of replays has had a turn for each. Resolves with how long to pause.
   */
  private async pass(): Promise<number> {
    const unfinished = await this.replays.findUnfinished();
    if (unfinished.length === 0) return IDLE_MS;
    const endsAt = monotonicNow() + PASS_MS;
    const outcomes = new Set<ReplayStep['next'] | 'failed'>();
    for (const round of this.turns.rounds(unfinished)) {
      for (const replay of round) {
        if (this.rounds.isStopped) break;
        outcomes.add(await this.step(replay));
      }
      if (monotonicNow() >= endsAt) break;
    }
    if (outcomes.has('failed')) return FAILED_MS;
    return outcomes.has('more') ? 0 : STEP_MS;
  }

  /** A replay that cannot go on does not hold up the others. */
  private async step({ id, webhookId }: Unfinished): Promise<ReplayStep['next'] | 'failed'> {
    try {
      const { made, next } = await this.replays.step(id);
      if (made > 0) this.wake.everywhere([webhookId]);
      if (next === 'finished') await this.replays.deleteOld();
      return next;
    } catch (error) {
      this.logger.warn(`Replay ${id} could not go on, trying again: ${(error as Error).message}`);
      return 'failed';
    }
  }
}
