// The seam where operational events become alerts, which people read: in a log, a channel, a mailbox.
import type { OperationalEvent } from '../operational/operational-hook.js';

/** What somebody who runs the installation should know. */
export interface Alert {
  /** The id of the operational event behind it. */
  readonly id: string;
  /** The type of that event: `posthorn.webhook.disabled`. */
  readonly type: OperationalEvent['type'];
  /** `error`: something was given up. `warning`: it will be. `info`: it works again. */
  readonly severity: 'info' | 'warning' | 'error';
  /** What happened, as one sentence. */
  readonly text: string;
  /** Whose webhook or source it is about. */
  readonly tenantId: string;
  readonly occurredAt: Date;
  /** What that event says, by its type. */
  readonly data: OperationalEvent['data'];
  /** Alerts like this one that were withheld since the last: of the same kind, and about the same webhook or source. */
  readonly withheld: number;
}

/**
 * Takes alerts to people. Called in the process that caused them, in order, one at a time for each sink; within ten minutes,
 * one alert of a kind for a webhook or a source, so that an outage is no flood. What it throws is logged, and one that takes
 * longer than 30 s is left to itself: delivering waits for none.
 *
 * @example
 * @Injectable()
 * class MailAlerts extends AlertSink {
 *   constructor(private readonly mailer: Mailer) { super(); }
 *
 *   override async send({ severity, text }: Alert): Promise<void> {
 *     if (severity !== 'info') await this.mailer.send('on-call@shop.example', text);
 *   }
 * }
 * PosthornModule.forRoot({ alertSinks: [MailAlerts], imports: [MailModule], … })
 */
export abstract class AlertSink {
  /** Takes one alert. Resolves once it is taken; the next one waits for it, 30 s at most. */
  abstract send(alert: Alert): void | Promise<void>;
}
