// Alerts POSTed to a URL of whoever runs the installation: a channel of a chat, a pager. It is trusted as a setting is, so the
// egress policy, which is for what tenants name, does not hold for it.
import { setTimeout as delay } from 'node:timers/promises';
import { AlertSink } from './alert-sink.js';
import type { Alert } from './alert-sink.js';

/** Together below the time that a sink has. */
const DEADLINE_MS = 7_000;
const WAITS_MS = [1_000, 3_000];

/** POSTs each alert as JSON, with its sentence as `text`, which Slack, Mattermost and others show; tried three times. */
export class WebhookAlerts extends AlertSink {
  readonly #url: string;

  constructor(url: string) {
    super();
    this.#url = url;
  }

  /** @throws Error where nobody took it; it does not tell the URL, which often is a secret. */
  override async send(alert: Alert): Promise<void> {
    for (const waitMs of [...WAITS_MS, undefined]) {
      const problem = await this.post(JSON.stringify(alert));
      if (problem === undefined) return;
      if (waitMs === undefined) throw new Error(`ALERT_URL ${problem}`);
      await delay(waitMs, undefined, { ref: false });
    }
  }

  /** What went wrong. */
  private async post(body: string): Promise<string | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `answered ${response.status}`;
    } catch (error) {
      const { cause, name } = error as { cause?: { code?: unknown }; name: string };
      return `could not be reached: ${typeof cause?.code === 'string' ? cause.code : name}`;
    }
  }
}
