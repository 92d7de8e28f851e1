// Tells the engine that it is time to look, and where. A hint and no more: the engine also looks by itself.
import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Hint, Notifications } from '../platform/database/index.js';
import type { SqlExecutor } from '../platform/database/index.js';

const TOPIC = 'due';

/** Webhooks that hints name while the engine is busy; with more of them it looks at all. */
const MAX_NAMED = 5_000;

/** Where webhooks may be named, it is those that something became due for; without, it may be any. */
@Injectable()
export class DeliveryWake implements OnModuleInit {
  private signalled = false;
  private hint = new Hint(MAX_NAMED);
  private resume: (() => void) | undefined;

  constructor(private readonly notifications: Notifications) {}

  onModuleInit(): void {
    this.notifications.listen(TOPIC, (webhookIds) => this.local(webhookIds));
  }

  /** Wakes the engine of this process. */
  local(webhookIds?: readonly string[]): void {
    this.hint.add(webhookIds);
    this.nudge();
  }

  /** Wakes the engine of this process where nothing became due: there is room, or an end to its waiting. */
  nudge(): void {
    this.signalled = true;
    this.resume?.();
  }

  /** Wakes every engine: for deliveries whose transaction has committed. */
  everywhere(webhookIds?: readonly string[]): void {
    this.local(webhookIds);
    this.notifications.hint(TOPIC, webhookIds);
  }

  /** Wakes every engine when, and only if, the caller's transaction commits. */
  async onCommit(executor: SqlExecutor, webhookIds?: readonly string[]): Promise<void> {
    await executor.query(this.notifications.hintStatement(TOPIC, webhookIds));
  }

  /** What was hinted at since it was last taken. Signals up to now are forgotten: what they announced is looked at from now on. */
  take(): Hint {
    const { hint } = this;
    this.hint = new Hint(MAX_NAMED);
    this.signalled = false;
    return hint;
  }

  /** Resolves with true at the next signal, at once if one came since `take`, and with false after `ms`. One waiter at a time: the engine. */
  async wait(ms: number): Promise<boolean> {
    if (this.signalled) return true;
    const woken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.resume = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    this.resume = undefined;
    return woken;
  }
}
