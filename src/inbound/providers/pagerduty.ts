// PagerDuty: https://developer.pagerduty.com/docs/verifying-webhook-signatures
import { builtIn } from './built-in.js';
import { hex, signatureList } from './claims.js';
import { field, moment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** PagerDuty (v3 webhooks): a list of `v1=` and hex over the body, one per secret. */
export const pagerduty = builtIn({
  name: 'pagerduty',
  title: 'PagerDuty',
  page: 'https://developer.pagerduty.com/docs/verifying-webhook-signatures',
  secret: 'The subscription’s secret, shown when it is made',
  scheme: { read: signatureList('X-PagerDuty-Signature', { 'v1=': hex(32) }), check: macOf('sha256', bodyAlone) },
  id: field('event', 'id'),
  type: field('event', 'event_type'),
  occurredAt: moment('iso', 'event', 'occurred_at'),
});
