// DocuSign Connect: https://developers.docusign.com/platform/webhooks/connect/hmac/
import { builtIn } from './built-in.js';
import { base64, numberedSignatures } from './claims.js';
import { field, joined, moment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/**
 * DocuSign Connect: `X-DocuSign-Signature-1`, `-2`, …, one per active key, base64 over the body. The id is made of what a
 * repeated message keeps: `retryCount` changes, so the body does. Set Connect to JSON; XML is refused.
 */
export const docusign = builtIn({
  name: 'docusign',
  title: 'DocuSign Connect',
  page: 'https://developers.docusign.com/platform/webhooks/connect/hmac/',
  secret: 'A Connect HMAC key, in Settings → Connect → Connect keys',
  scheme: { read: numberedSignatures('X-DocuSign-Signature-', base64(32)), check: macOf('sha256', bodyAlone) },
  id: joined(':', field('data', 'envelopeId'), field('event'), field('generatedDateTime')),
  type: field('event'),
  occurredAt: moment('iso', 'generatedDateTime'),
});
