// Tells the engine that it is time to look. A hint and no more: the engine also looks by itself.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Notifications } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';

const TOPIC = 'due';

@Injectable()
export class DeliveryWake implements OnModuleInit {
  private signalled = false;
  private resume: (() => void) | undefined;

  constructor(private readonly notifications: Notifications) {}

  onModuleInit(): void {
    this.notifications.listen(TOPIC, () => this.local());
  }

  /** Wakes the engine of this process. */
  local(): void {
    this.signalled = true;
    this.resume?.();
  }

  /** Wakes every engine: for deliveries whose transaction has committed. */
  everywhere(): void {
    this.local();
    this.notifications.hint(TOPIC);
  }

  /** Wakes every engine when, and only if, the caller's transaction commits. */
  async onCommit(executor: SqlExecutor): Promise<void> {
    await executor.query(this.notifications.hintStatement(TOPIC));
  }

  /** Forgets earlier signals: what they announced is looked at from now on. */
  reset(): void {
    this.signalled = false;
  }

  /** Resolves at the next signal, at once if one came since `reset`, or after `ms`. One waiter at a time: the engine. */
  async wait(ms: number): Promise<void> {
    if (this.signalled) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.resume = undefined;
  }
}
