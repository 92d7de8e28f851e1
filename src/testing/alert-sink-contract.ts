// What every alert sink must do, ours or a team's own. The cases assert by themselves, so that any test runner will do.
import assert from 'node:assert/strict';
import type { Alert, AlertSink } from '../delivery/index.js';
import type { ContractCase } from './contract/bench.js';

const WEBHOOK = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e';

const about = (alert: Pick<Alert, 'type' | 'severity' | 'text' | 'data'>): Alert => ({
  id: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4f',
  tenantId: 'default',
  occurredAt: new Date('2026-03-01T12:00:00Z'),
  withheld: 0,
  ...alert,
});

/** One of each severity, and texts as they may come: long, in any script, of several lines. */
const ALERTS: readonly Alert[] = [
  about({
    type: 'posthorn.webhook.recovered',
    severity: 'info',
    text: 'Tenant default: webhook w works again.',
    data: { webhookId: WEBHOOK },
  }),
  about({
    type: 'posthorn.webhook.failing',
    severity: 'warning',
    text: 'Tenant żółw-🐢: webhook w has failed 40 times in a row.\nIt is "50 %" on its way to being <disabled>.',
    data: { webhookId: WEBHOOK, failures: 40, failingMs: 3_600_000, percent: 50 },
  }),
  about({
    type: 'posthorn.webhook.disabled',
    severity: 'error',
    text: `Tenant default: webhook w was disabled: ${'it had only failed. '.repeat(200)}`,
    data: { webhookId: WEBHOOK, reason: 'failing' },
  }),
];

/** As an alert is after all that a sink could have changed of it. */
const written = (alert: Alert): string => JSON.stringify(alert);

/**
 * The cases that an alert sink must pass: it takes alerts of every severity, one and the same too, and changes nothing of what
 * other sinks are given as well.
 *
 * @param make - Makes one, for each case anew, with its mailer or channel replaced: it is told of outages that there are not.
 * @example
 * for (const { name, run } of alertSinkContract(() => new MailAlerts(mailer))) it(name, run);
 */
export const alertSinkContract = (make: () => AlertSink): ContractCase[] => [
  {
    name: 'takes an alert of every severity, whatever its text',
    run: async () => {
      const sink = make();
      for (const alert of ALERTS) await sink.send(alert);
    },
  },
  {
    name: 'takes one that says how many were withheld before it',
    run: async () => {
      const sink = make();
      for (const withheld of [0, 1, 1_000_000]) for (const alert of ALERTS) await sink.send({ ...alert, withheld });
    },
  },
  {
    name: 'changes nothing of an alert: other sinks are given the same one',
    run: async () => {
      const sink = make();
      for (const alert of ALERTS) {
        const given = structuredClone(alert);
        await sink.send(given);
        assert.equal(written(given), written(alert), 'the sink changed the alert');
      }
    },
  },
];
