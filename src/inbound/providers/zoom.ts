// Zoom: https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header
import { hmacText } from '../../kernel/signatures/hmac.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature, withTime } from './claims.js';
import { field, moment } from './naming.js';
import { textField } from './provider.js';
import type { Provider } from './provider.js';
import { macOf, timeThenBody, verifying } from './scheme.js';

const scheme = {
  read: withTime('x-zm-request-timestamp', oneSignature('x-zm-signature', hex(32), 'v0=')),
  check: macOf('sha256', timeThenBody(':', 'v0:')),
};

// The answer must be made with the secret that Zoom signed with: during a rotation that need not be the newest.
const handshake: Provider['handshake'] = (request, data, secrets) => {
  const plainToken = textField(data, 'payload', 'plainToken');
  if (textField(data, 'event') !== 'endpoint.url_validation' || plainToken === undefined) return undefined;
  const secret = secrets.find((each) => verifying(scheme)(request, [each], 0).ok);
  if (!secret) return undefined;
  const encryptedToken = hmacText('sha256', 'hex', secret.reveal(), plainToken);
  const body = JSON.stringify({ plainToken, encryptedToken });
  return { kind: 'endpoint.url_validation', contentType: 'application/json', body };
};

/** Zoom: Slack’s form under other names, over `v0:<time>:<body>`. Zoom sends no id; a copy is the same body. */
export const zoom = builtIn({
  name: 'zoom',
  title: 'Zoom',
  page: 'https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header',
  secret: 'The app’s secret token, in its Features → Access',
  scheme: { ...scheme, time: { unit: 's', toleranceSeconds: 300 } },
  type: field('event'),
  occurredAt: moment('ms', 'event_ts'),
  handshake: { says: '`endpoint.url_validation`: answered with `plainToken` and its HMAC', answer: handshake },
});
