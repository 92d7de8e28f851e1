// Bitbucket Cloud: https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Secure-webhooks; Data Center signs alike.
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { firstOf, header } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/** Bitbucket: `X-Hub-Signature`, which is SHA-256 here, over the body. */
export const bitbucket = builtIn({
  name: 'bitbucket',
  title: 'Bitbucket',
  page: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Secure-webhooks',
  secret: 'The secret you chose, in Repository settings → Webhooks',
  scheme: { read: oneSignature('X-Hub-Signature', hex(32), 'sha256='), check: macOf('sha256', bodyAlone) },
  // Cloud has the first, Data Center the second.
  id: firstOf(header('X-Request-UUID'), header('X-Request-Id')),
  type: header('X-Event-Key'),
});
