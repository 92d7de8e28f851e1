// Tells the application's hooks what happened, and bounds what they can cost: time, order, memory, errors.
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, Provider } from '@nestjs/common';
import { inTimeOr } from '../../kernel/in-time.js';
import { extensionProvider } from '../../platform/extension.js';
import type { Extension } from '../../platform/extension.js';
import { ShutdownDeadline } from '../../platform/shutdown-deadline.js';
import { AlertHook } from '../alerts/alert-hook.js';
import { SINKS_TOKEN } from '../alerts/alert-providers.js';
import type { AlertSink } from '../alerts/alert-sink.js';
import type { OperationalEvent, OperationalHook } from './operational-hook.js';

/** Injects the hooks of the application, in the order in which they were given. */
export const HOOKS_TOKEN = Symbol('posthorn.operational-hooks');

/** How long a call may take before the next event is told. */
export const HOOK_DEADLINE_MS = 30_000;

/** Events that may wait for one hook. */
export const MAX_WAITING = 1_000;

/** The providers behind {@link HOOKS_TOKEN}. */
export function hookProviders(hooks: readonly Extension<OperationalHook>[]): Provider[] {
  const tokens = hooks.map((_, place) => Symbol(`posthorn.operational-hook.${place}`));
  return [
    ...hooks.map((hook, place) => extensionProvider(tokens[place] as symbol, hook)),
    { provide: HOOKS_TOKEN, inject: tokens, useFactory: (...made: OperationalHook[]) => made },
  ];
}

interface Lane {
  readonly hook: OperationalHook;
  readonly waiting: OperationalEvent[];
  running: Promise<void> | undefined;
  dropped: number;
}

@Injectable()
export class OperationalHooks implements OnApplicationShutdown {
  private readonly logger = new Logger('OperationalHooks');
  private readonly lanes: readonly Lane[];

  constructor(
    @Inject(HOOKS_TOKEN) hooks: readonly OperationalHook[],
    @Inject(SINKS_TOKEN) sinks: readonly AlertSink[],
    @Inject(ShutdownDeadline) private readonly shutdown: Pick<ShutdownDeadline, 'wait'>,
  ) {
    const all = [...hooks, ...sinks.map((sink) => new AlertHook(sink))];
    this.lanes = all.map((hook) => ({ hook, waiting: [], running: undefined, dropped: 0 }));
  }

  /** Returns at once. */
  tell(events: readonly OperationalEvent[]): void {
    for (const lane of this.lanes) {
      const room = MAX_WAITING - lane.waiting.length;
      lane.waiting.push(...events.slice(0, room));
      lane.dropped += Math.max(0, events.length - room);
      lane.running ??= this.run(lane);
    }
  }

  /** What was told is heard, as long as a stop may take. */
  async onApplicationShutdown(): Promise<void> {
    const running = this.lanes.flatMap((lane) => lane.running ?? []);
    await this.shutdown.wait(Promise.all(running));
  }

  private async run(lane: Lane): Promise<void> {
    // Not in the caller's turn: a hook that computes for long must not hold up what the caller does next.
    await new Promise((resolve) => setImmediate(resolve));
    for (let event = lane.waiting.shift(); event; event = lane.waiting.shift()) {
      await this.call(lane.hook, event);
      if (lane.dropped === 0) continue;
      this.logger.error(`${nameOf(lane.hook)} is too slow: ${lane.dropped} operational events were not told to it`);
      lane.dropped = 0;
    }
    // In the turn that found nothing waiting: an event told later must find the lane at rest, or nobody would take it.
    lane.running = undefined;
  }

  private async call(hook: OperationalHook, event: OperationalEvent): Promise<void> {
    try {
      const tooLate = (): void =>
        this.logger.error(`${nameOf(hook)} has not ended ${HOOK_DEADLINE_MS / 1_000} s after ${event.type}`);
      await inTimeOr(hook.onOperationalEvent(event), HOOK_DEADLINE_MS, tooLate, { ref: false });
    } catch (error) {
      const problem = error instanceof Error ? (error.stack ?? error.message) : 'it threw what is no error';
      this.logger.error(`${nameOf(hook)} failed on ${event.type} ${event.id}: ${problem}`);
    }
  }
}

const nameOf = (hook: OperationalHook): string =>
  hook instanceof AlertHook
    ? `The alert sink ${hook.sink.constructor.name}`
    : `The operational hook ${hook.constructor.name}`;
