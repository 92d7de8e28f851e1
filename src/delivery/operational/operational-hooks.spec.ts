import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { OperationalEvent, OperationalHook } from './operational-hook.js';
import { ShutdownDeadline } from '../../platform/shutdown-deadline.js';
import { HOOK_DEADLINE_MS, MAX_WAITING, OperationalHooks } from './operational-hooks.js';

const event = (n: number): OperationalEvent => ({
  id: String(n),
  type: 'posthorn.webhook.recovered',
  tenantId: 'default',
  occurredAt: new Date(0),
  data: { webhookId: 'w' },
});
const events = (count: number): OperationalEvent[] => Array.from({ length: count }, (_, n) => event(n));

/** Answers a call when it is told to. */
class Slow implements OperationalHook {
  readonly heard: string[] = [];
  private readonly ends: (() => void)[] = [];

  onOperationalEvent({ id }: OperationalEvent): Promise<void> {
    this.heard.push(id);
    return new Promise((resolve) => this.ends.push(resolve));
  }

  end(): void {
    this.ends.shift()?.();
  }
}

const hooksOf = (...hooks: OperationalHook[]) =>
  new OperationalHooks(hooks, [], new ShutdownDeadline({ shutdownTimeoutMs: 1_000 }));

describe('operational hooks', () => {
  let errors: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    errors = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => void errors.push(String(message)));
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });
  const passing = (ms: number): Promise<unknown> => jest.advanceTimersByTimeAsync(ms);

  it('hear events in order, one at a time, and not in the turn of who tells', async () => {
    const slow = new Slow();
    const hooks = hooksOf(slow);
    hooks.tell(events(2));
    hooks.tell([event(2)]);
    expect(slow.heard).toEqual([]);
    for (const so of [['0'], ['0', '1'], ['0', '1', '2']]) {
      await passing(1);
      expect(slow.heard).toEqual(so);
      slow.end();
    }
    await passing(1);
    hooks.tell([event(3)]);
    await passing(1);
    expect(slow.heard).toEqual(['0', '1', '2', '3']);
    expect(errors).toEqual([]);
  });

  it('that take too long are left to themselves, and hear the next event', async () => {
    const slow = new Slow();
    hooksOf(slow).tell(events(2));
    await passing(HOOK_DEADLINE_MS - 1);
    expect(slow.heard).toEqual(['0']);
    await passing(2);
    expect(slow.heard).toEqual(['0', '1']);
    expect(errors).toEqual([expect.stringContaining('hook Slow has not ended 30 s after posthorn.webhook.recovered')]);
  });

  it('that do not keep up lose what is beyond the bound, counted in the log, and no other hook does', async () => {
    const slow = new Slow();
    const heard: string[] = [];
    const hooks = hooksOf(slow, { onOperationalEvent: ({ id }) => void heard.push(id) });
    hooks.tell([event(-1)]);
    await passing(1);
    for (let n = 0; n < MAX_WAITING + 7; n += 1) {
      hooks.tell([event(n)]);
      await passing(1);
    }
    slow.end();
    await passing(1);
    expect(errors).toEqual([expect.stringContaining('too slow: 7 operational events were not told to it')]);
    expect(heard).toHaveLength(MAX_WAITING + 8);
  });

  it('are waited for by a stop, as long as a stop may take', async () => {
    const slow = new Slow();
    const hooks = hooksOf(slow);
    hooks.tell([event(0)]);
    let stopped = false;
    const stop = hooks.onApplicationShutdown().then(() => (stopped = true));
    await passing(999);
    expect([slow.heard, stopped]).toEqual([['0'], false]);
    await passing(1);
    await stop;
  });
});
