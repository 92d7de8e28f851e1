// Vercel: https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, moment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** Vercel: SHA-1, hex, over the body. */
export const vercel = builtIn({
  name: 'vercel',
  title: 'Vercel',
  page: 'https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks',
  secret: 'The webhook’s secret, shown when it is made; for an integration, its client secret',
  scheme: { read: oneSignature('x-vercel-signature', hex(20)), check: macOf('sha1', bodyAlone) },
  id: field('id'),
  type: field('type'),
  occurredAt: moment('ms', 'createdAt'),
});
