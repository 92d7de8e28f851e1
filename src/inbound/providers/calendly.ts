// Calendly: https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures
import { builtIn } from './built-in.js';
import { hex, timeAndSignatures } from './claims.js';
import { field, moment } from './naming.js';
import { macOf, timeThenBody } from './scheme.js';

/** Calendly: Stripe’s form, time and body, with a window of 3 minutes. */
export const calendly = builtIn({
  name: 'calendly',
  title: 'Calendly',
  page: 'https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures',
  secret: 'The `signing_key` given when the subscription was made',
  scheme: {
    read: timeAndSignatures('Calendly-Webhook-Signature', hex(32), { time: 't', signature: 'v1' }),
    check: macOf('sha256', timeThenBody('.')),
    time: { unit: 's', toleranceSeconds: 180 },
  },
  type: field('event'),
  occurredAt: moment('iso', 'created_at'),
});
