// Copies of an event that is being processed wait here for its outcome. All copies in this process share one look at the
// rows at a time, and hold no connection between looks.
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { inTimeOr } from '../kernel/in-time.js';
import { HandlerRunner } from './handler-runner.js';
import { HandlerRunsRepository } from './handler-runs.repository.js';
import type { Progress } from './handler-runs.repository.js';
import { POLL_MAX_MS, POLL_MIN_MS } from './policy.js';

interface Watch {
  waiting: number;
  readonly outcome: Promise<Progress>;
}

@Injectable()
export class OutcomeWatch {
  private readonly watches = new Map<string, Watch>();

  constructor(
    private readonly runs: HandlerRunsRepository,
    private readonly runner: HandlerRunner,
  ) {}

  /** What becomes of an event within `withinMs`; `in_progress` when that is not known by then. */
  async outcomeOf(eventId: string, withinMs: number): Promise<Progress> {
    let watch = this.watches.get(eventId);
    if (!watch) {
      watch = { waiting: 0, outcome: Promise.resolve().then(() => this.look(eventId)) };
      this.watches.set(eventId, watch);
    }
    watch.waiting++;
    try {
      return await inTimeOr(watch.outcome, withinMs, () => 'in_progress');
    } finally {
      watch.waiting--;
    }
  }

  private async look(eventId: string): Promise<Progress> {
    try {
      for (let pauseMs = POLL_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_MAX_MS)) {
        const progress = await this.runs.findProgress(eventId);
        if (progress !== 'in_progress' || !this.isAwaited(eventId)) return progress;
        // Work in this process says itself when it is over; its rows are settled by then.
        await Promise.race([delay(pauseMs), this.runner.inFlight(eventId)?.catch(() => undefined) ?? delay(pauseMs)]);
      }
    } finally {
      this.watches.delete(eventId);
    }
  }

  private isAwaited(eventId: string): boolean {
    return (this.watches.get(eventId)?.waiting ?? 0) > 0;
  }
}
