// Hooks of the host's own hear what becomes of its webhooks, each by itself: one that throws or hangs keeps nothing from the
// others, and no delivery waits for any.
import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { OperationalEvent, OperationalHook } from '../../src/index.js';
import { eventually } from '../setup/eventually.js';
import { ExtendedHost, Plans, PlansModule } from './extended-host.harness.js';

/** Keeps what it hears, and whether the event was stored by then. */
@Injectable()
class Audit implements OperationalHook {
  readonly heard: OperationalEvent[] = [];
  readonly stored: number[] = [];

  constructor(private readonly plans: Plans) {}

  async onOperationalEvent(event: OperationalEvent): Promise<void> {
    this.heard.push(event);
    this.stored.push((await host.api('GET', `/api/events/${event.id}`)).status);
    expect(this.plans).toBeInstanceOf(Plans);
  }
}

@Injectable()
class Throws implements OperationalHook {
  onOperationalEvent(): void {
    throw new Error('the pager is out of paper');
  }
}

class Hangs implements OperationalHook {
  calls = 0;

  onOperationalEvent(): Promise<void> {
    this.calls += 1;
    return new Promise(() => undefined);
  }
}

@Module({ imports: [PlansModule], providers: [Audit], exports: [Audit] })
class AuditModule {}

const hangs = new Hangs();
const host = ExtendedHost.forTests({
  imports: [PlansModule, AuditModule],
  operationalHooks: [Throws, { useValue: hangs }, { useExisting: Audit }],
});

describe('an operational hook of the host', () => {
  it('hears what happened once it is stored, whatever other hooks do, and delivering waits for none', async () => {
    const audit = host.app.get(Audit, { strict: false });
    const failing = await host.outcomeOf('paid.gone', 500, { autoDisable: { after: '0s', attempts: 3 } });
    const toldOf = (id: string) => audit.heard.filter(({ data }) => 'webhookId' in data && data.webhookId === id);
    await eventually(
      () => toldOf(failing.webhookId).some(({ type }) => type === 'posthorn.webhook.disabled'),
      'it is told',
    );
    expect(toldOf(failing.webhookId).map(({ type, tenantId }) => [type, tenantId])).toEqual(
      expect.arrayContaining([
        ['posthorn.delivery.exhausted', 'default'],
        ['posthorn.webhook.disabled', 'default'],
      ]),
    );
    const exhausted = toldOf(failing.webhookId).find(({ type }) => type === 'posthorn.delivery.exhausted');
    expect(exhausted?.data).toMatchObject({ deliveryId: failing.id, event: 'paid.gone', attempts: 3 });
    await eventually(() => audit.stored.length === audit.heard.length, 'every call has ended');
    expect(new Set(audit.stored)).toEqual(new Set([200]));
    expect(host.errors.some((error) => error.includes('hook Throws failed') && error.includes('out of paper'))).toBe(
      true,
    );
    // Its first call has not ended, or has just been given up; the others wait, and everything else went on.
    expect(hangs.calls).toBeLessThan(audit.heard.length);
  });

  it('hears of a receiver that is gone', async () => {
    const audit = host.app.get(Audit, { strict: false });
    const { webhookId } = await host.outcomeOf('paid.closed', 410);
    const told = await eventually(
      () => audit.heard.find(({ type, data }) => type === 'posthorn.webhook.disabled' && data.webhookId === webhookId),
      'it is told',
    );
    expect(told.data).toEqual({ webhookId, reason: 'gone' });
  });
});
