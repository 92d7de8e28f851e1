// Intercom: https://developers.intercom.com/docs/references/webhooks/webhook-models#signed-notifications
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, moment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** Intercom: SHA-1 over the body. Before it saves a URL it asks for it with HEAD and wants a success. */
export const intercom = builtIn({
  name: 'intercom',
  title: 'Intercom',
  page: 'https://developers.intercom.com/docs/references/webhooks/webhook-models#signed-notifications',
  secret: 'The app’s client secret, in the Developer Hub under Basic information',
  scheme: { read: oneSignature('X-Hub-Signature', hex(20), 'sha1='), check: macOf('sha1', bodyAlone) },
  id: field('id'),
  type: field('topic'),
  occurredAt: moment('s', 'created_at'),
  handshake: { says: '`HEAD` is answered 204' },
  challenge: ({ method }) =>
    method === 'HEAD' ? { kind: 'HEAD request', contentType: 'text/plain', body: '' } : undefined,
});
