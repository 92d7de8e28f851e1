import { describe, expect, it } from '@jest/globals';
import type { OperationalEvent } from '../operational/operational-hook.js';
import { AlertHook, QUIET_MS } from './alert-hook.js';
import type { Alert } from './alert-sink.js';

const occurredAt = new Date('2026-03-01T12:00:00Z');
const eventOf = (type: string, data: object, tenantId = 'acme'): OperationalEvent =>
  ({ id: 'e-1', type: `posthorn.${type}`, tenantId, occurredAt, data }) as OperationalEvent;
const gone = (webhookId: string, tenantId?: string): OperationalEvent =>
  eventOf('webhook.disabled', { webhookId, reason: 'gone' }, tenantId);

function watched(): { sent: Alert[]; tell: (event: OperationalEvent) => Promise<void>; pass: (ms: number) => void } {
  const sent: Alert[] = [];
  let nowMs = 0;
  const hook = new AlertHook({ send: (alert) => void sent.push(alert) }, () => nowMs);
  return { sent, tell: (event) => hook.onOperationalEvent(event), pass: (ms) => void (nowMs += ms) };
}

describe('an alert', () => {
  it.each([
    [
      eventOf('webhook.failing', { webhookId: 'w', failures: 40, failingMs: 1, percent: 50 }),
      'warning',
      'Tenant acme: webhook w has failed 40 times in a row, and is 50 % on its way to being disabled.',
    ],
    [gone('w'), 'error', 'Tenant acme: webhook w was disabled: its receiver answered that it is gone.'],
    [
      eventOf('webhook.disabled', { webhookId: 'w', reason: 'failing' }),
      'error',
      'Tenant acme: webhook w was disabled: it had only failed.',
    ],
    [eventOf('webhook.recovered', { webhookId: 'w' }), 'info', 'Tenant acme: webhook w works again.'],
    [
      eventOf('delivery.exhausted', {
        deliveryId: 'd',
        eventId: 'e',
        event: 'order.paid',
        webhookId: 'w',
        attempts: 4,
      }),
      'error',
      'Tenant acme: an event order.paid was not delivered to webhook w: its 4 attempts failed.',
    ],
    [
      eventOf('source.silent', { sourceId: 's', source: 'stripe', since: '2026-03-01T11:00:00Z' }),
      'error',
      'Tenant acme: source stripe has sent nothing since 2026-03-01T11:00:00Z.',
    ],
    [
      eventOf('source.recovered', { sourceId: 's', source: 'stripe', since: '2026-03-01T11:00:00Z' }),
      'info',
      'Tenant acme: source stripe sends again.',
    ],
  ])('says what happened, and how bad it is: %#', async (event, severity, text) => {
    const { sent, tell } = watched();
    await tell(event);
    expect(sent).toEqual([
      { id: 'e-1', type: event.type, severity, text, tenantId: 'acme', occurredAt, data: event.data, withheld: 0 },
    ]);
  });

  it('comes once in ten minutes for one kind and one webhook of one tenant, and then says how many there were', async () => {
    const { sent, tell, pass } = watched();
    for (let n = 0; n < 3; n += 1) await tell(gone('w'));
    await tell(gone('other'));
    await tell(gone('w', 'globex'));
    await tell(eventOf('webhook.recovered', { webhookId: 'w' }));
    expect(sent).toHaveLength(4);
    pass(QUIET_MS);
    await tell(gone('w'));
    expect(sent.at(-1)).toMatchObject({ withheld: 2, text: expect.stringContaining('(and 2 times more before).') });
    await tell(gone('w'));
    expect(sent).toHaveLength(5);
  });

  it('of many webhooks takes no memory without bound', async () => {
    const { sent, tell } = watched();
    for (let n = 0; n <= 10_000; n += 1) await tell(gone(`w-${n}`));
    await tell(gone('w-1'));
    expect(sent).toHaveLength(10_001);
    // The one longest silent was forgotten.
    await tell(gone('w-0'));
    expect(sent).toHaveLength(10_002);
  });
});
