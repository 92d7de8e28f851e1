// One deadline for all that a stop waits for. Nest stops one module after another: were each given the time for itself, a
// stop would take several times what was set, and be cut short by whoever has counted on that.
import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { monotonicNow } from '../kernel/clock.js';
import { inTime } from '../kernel/in-time.js';
import { SETTINGS_TOKEN } from './config/index.js';
import type { Settings } from './config/index.js';

/** What is left for writing down what came of it, at least. */
const LAST_MS = 1_000;

@Injectable()
export class ShutdownDeadline implements OnModuleDestroy {
  private endsAt: number | undefined;

  constructor(@Inject(SETTINGS_TOKEN) private readonly settings: Pick<Settings, 'shutdownTimeoutMs'>) {}

  /** The stop begins: Nest calls this of all modules before any of them drains. */
  onModuleDestroy(): void {
    this.endsAt ??= monotonicNow() + this.settings.shutdownTimeoutMs;
  }

  /** How long what is under way may still be waited for, in milliseconds; before a stop, the whole time. */
  get leftMs(): number {
    return this.endsAt === undefined ? this.settings.shutdownTimeoutMs : Math.max(0, this.endsAt - monotonicNow());
  }

  /** The same for what comes of it, writing it down for one: a second at least, also where waiting took all the time there was. */
  get lastMs(): number {
    return Math.max(LAST_MS, this.leftMs);
  }

  /** What came of it in that time; `undefined` where nothing did, or it failed. */
  wait<Value>(work: Promise<Value>): Promise<Value | undefined> {
    return inTime(work, this.lastMs);
  }
}
