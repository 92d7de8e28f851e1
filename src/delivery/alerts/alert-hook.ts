// Makes alerts of operational events for one sink: a sentence, how bad it is, and not the same again and again.
import { BoundedMap } from '../../kernel/bounded-map.js';
import { monotonicNow } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import type { OperationalEvent, OperationalHook } from '../operational/operational-hook.js';
import type { Alert, AlertSink } from './alert-sink.js';

/** One alert of a kind for a webhook or a source in so long. */
export const QUIET_MS = 600_000;

/** Kinds of alerts remembered; beyond it the one longest silent is forgotten, and may come once too often. */
const MAX_REMEMBERED = 10_000;

export class AlertHook implements OperationalHook {
  private readonly sent = new BoundedMap<string, { atMs: number; withheld: number }>(MAX_REMEMBERED);

  constructor(
    readonly sink: AlertSink,
    private readonly clock: Clock = monotonicNow,
  ) {}

  async onOperationalEvent(event: OperationalEvent): Promise<void> {
    const key = `${event.type} ${event.tenantId} ${subjectOf(event)}`;
    const last = this.sent.get(key);
    const now = this.clock();
    if (last && now - last.atMs < QUIET_MS) {
      last.withheld += 1;
      return;
    }
    this.sent.set(key, { atMs: now, withheld: 0 });
    await this.sink.send(alertOf(event, last?.withheld ?? 0));
  }
}

const subjectOf = ({ data }: OperationalEvent): string => ('webhookId' in data ? data.webhookId : data.sourceId);

function alertOf(event: OperationalEvent, withheld: number): Alert {
  const { id, type, tenantId, occurredAt, data } = event;
  const more = withheld === 0 ? '' : ` (and ${withheld} times more before)`;
  const text = `Tenant ${tenantId}: ${sentenceOf(event)}${more}.`;
  return { id, type, severity: severityOf(event), text, tenantId, occurredAt, data, withheld };
}

function severityOf({ type }: OperationalEvent): Alert['severity'] {
  switch (type) {
    case 'posthorn.webhook.disabled':
    case 'posthorn.delivery.exhausted':
    case 'posthorn.source.silent':
      return 'error';
    case 'posthorn.webhook.failing':
      return 'warning';
    case 'posthorn.webhook.recovered':
    case 'posthorn.source.recovered':
      return 'info';
  }
}

/** Without its full stop. */
function sentenceOf({ type, data }: OperationalEvent): string {
  switch (type) {
    case 'posthorn.webhook.failing':
      return `webhook ${data.webhookId} has failed ${data.failures} times in a row, and is ${data.percent} % on its way to being disabled`;
    case 'posthorn.webhook.disabled':
      return data.reason === 'gone'
        ? `webhook ${data.webhookId} was disabled: its receiver answered that it is gone`
        : `webhook ${data.webhookId} was disabled: it had only failed`;
    case 'posthorn.webhook.recovered':
      return `webhook ${data.webhookId} works again`;
    case 'posthorn.delivery.exhausted':
      return `an event ${data.event} was not delivered to webhook ${data.webhookId}: its ${data.attempts} attempts failed`;
    case 'posthorn.source.silent':
      return `source ${data.source} has sent nothing since ${data.since}`;
    case 'posthorn.source.recovered':
      return `source ${data.source} sends again`;
  }
}
