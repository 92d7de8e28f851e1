// Typeform: https://www.typeform.com/developers/webhooks/secure-your-webhooks/
import { builtIn } from './built-in.js';
import { base64, oneSignature } from './claims.js';
import { field, moment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** Typeform: `sha256=` and base64 over the body. */
export const typeform = builtIn({
  name: 'typeform',
  title: 'Typeform',
  page: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
  secret: 'The secret you chose for the webhook, in the form’s Connect → Webhooks',
  scheme: { read: oneSignature('Typeform-Signature', base64(32), 'sha256='), check: macOf('sha256', bodyAlone) },
  id: field('event_id'),
  type: field('event_type'),
  occurredAt: moment('iso', 'form_response', 'submitted_at'),
});
