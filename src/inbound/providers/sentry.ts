// Sentry: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, header, joined } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** Sentry: hex over the body. `Sentry-Hook-Timestamp` is not signed, so nothing is made of it. */
export const sentry = builtIn({
  name: 'sentry',
  title: 'Sentry',
  page: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks/',
  secret: 'The integration’s client secret, in Settings → Custom Integrations',
  scheme: { read: oneSignature('Sentry-Hook-Signature', hex(32)), check: macOf('sha256', bodyAlone) },
  id: header('Request-ID'),
  type: joined('.', header('Sentry-Hook-Resource'), field('action')),
});
