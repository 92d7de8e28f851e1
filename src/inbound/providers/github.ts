// GitHub's signature: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. The SHA-1 header
// of old installations is not read: it is beside the SHA-256 one on every delivery of a supported version.
import { parseJsonOrForm } from './body.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, header, joined } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/**
 * GitHub: `X-Hub-Signature-256` over the body. The id is `X-GitHub-Delivery`, which a manual redelivery reuses. GitHub
 * signs neither a time nor that id, so a captured request can be sent again under another id, at any time.
 */
export const github = builtIn({
  name: 'github',
  title: 'GitHub',
  page: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
  secret: 'The secret you chose, in the repository’s or organization’s Settings → Webhooks',
  scheme: {
    read: oneSignature('X-Hub-Signature-256', hex(32), 'sha256='),
    check: macOf('sha256', bodyAlone),
  },
  // GitHub caps payloads at 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
  defaultMaxBodyBytes: 26_214_400,
  // A webhook may be set up to come as a form; the signature is over the form, the JSON is its field `payload`.
  parse: parseJsonOrForm('payload'),
  id: header('X-GitHub-Delivery'),
  type: joined('.', header('X-GitHub-Event'), field('action')),
});
