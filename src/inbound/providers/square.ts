// Square: https://developer.squareup.com/docs/webhooks/step3validate
import { builtIn } from './built-in.js';
import { base64, oneSignature } from './claims.js';
import { field, moment } from './naming.js';
import { macOf, signedUrl, urlProblem } from './scheme.js';

/** Square: base64 over the notification URL, as it was registered, and the body. */
export const square = builtIn({
  name: 'square',
  title: 'Square',
  page: 'https://developer.squareup.com/docs/webhooks/step3validate',
  secret: 'The subscription’s signature key, in the Developer Console under Webhooks',
  config: '`url`: the notification URL, where `PUBLIC_URL` and the path do not make it',
  covers: 'URL and body',
  scheme: {
    read: oneSignature('x-square-hmacsha256-signature', base64(32)),
    check: macOf('sha256', (_claim, request, source) => [signedUrl(request, source), request.body]),
  },
  id: field('event_id'),
  type: field('type'),
  occurredAt: moment('iso', 'created_at'),
  problemOf: urlProblem,
});
