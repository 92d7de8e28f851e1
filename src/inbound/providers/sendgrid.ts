// SendGrid's event webhook: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
import { p256Key } from '../../kernel/signatures/public-key.js';
import { builtIn } from './built-in.js';
import { base64, oneSignature, withTime } from './claims.js';
import { always, itemsOf } from './naming.js';
import { publicKeyOf, timeThenBody } from './scheme.js';

/**
 * SendGrid: ECDSA over time and body; what the source holds is the public key. A request carries a list of events; they
 * have one type, `events`, and handlers go through the list.
 */
export const sendgrid = builtIn({
  name: 'sendgrid',
  title: 'SendGrid',
  page: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features',
  secret: 'The verification key (a public key), in Settings → Mail Settings → Event Webhook',
  scheme: {
    read: withTime(
      'X-Twilio-Email-Event-Webhook-Timestamp',
      oneSignature('X-Twilio-Email-Event-Webhook-Signature', base64()),
    ),
    check: publicKeyOf((secret) => p256Key(secret.reveal()), timeThenBody('')),
    time: { unit: 's', toleranceSeconds: 300 },
  },
  id: itemsOf('sg_event_id'),
  type: always('events'),
  problemOf: (secrets) =>
    secrets.every((secret) => p256Key(secret.reveal())) ? undefined : 'A secret must be an ECDSA public key in base64.',
});
