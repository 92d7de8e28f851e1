// Zendesk: https://developer.zendesk.com/documentation/webhooks/verifying/
import { builtIn } from './built-in.js';
import { base64, oneSignature, withTime } from './claims.js';
import { field, firstOf, header, moment } from './naming.js';
import { macOf, timeThenBody } from './scheme.js';

/** Zendesk: base64 over the time, which is ISO 8601, and the body with nothing between them. */
export const zendesk = builtIn({
  name: 'zendesk',
  title: 'Zendesk',
  page: 'https://developer.zendesk.com/documentation/webhooks/verifying/',
  secret: 'The webhook’s signing secret, in Admin Center → Webhooks → Reveal secret',
  scheme: {
    read: withTime('X-Zendesk-Webhook-Signature-Timestamp', oneSignature('X-Zendesk-Webhook-Signature', base64(32)), {
      iso: true,
    }),
    check: macOf('sha256', timeThenBody('')),
    time: { unit: 'iso', toleranceSeconds: 300 },
  },
  // A trigger may send any text.
  sendsJson: false,
  id: firstOf(field('id'), header('X-Zendesk-Webhook-Invocation-Id')),
  type: field('type'),
  occurredAt: moment('iso', 'time'),
});
