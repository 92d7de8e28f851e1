// GitHub's signature: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. The SHA-1 header
// of old installations is not read: it is beside the SHA-256 one on every delivery of a supported version.
import { equalBytes, hmac, parseHex } from '../../kernel/signatures/hmac.js';
import { bodyId, headerOf, textField, UNKNOWN_TYPE } from './provider.js';
import type { Provider } from './provider.js';

const HEADER = 'x-hub-signature-256';
const PREFIX = 'sha256=';

/** GitHub caps payloads at 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_BODY_BYTES = 26_214_400;

const isForm = (contentType: string | undefined): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? '');

/**
 * GitHub: `X-Hub-Signature-256` over the body. The id is `X-GitHub-Delivery`, which a manual redelivery reuses. GitHub
 * signs neither a time nor that id, so a captured request can be sent again under another id, at any time.
 */
export const github: Provider = {
  name: 'github',
  sendsJson: true,
  defaultMaxBodyBytes: MAX_BODY_BYTES,

  verify({ headers, body }, secrets) {
    const value = headerOf(headers, HEADER);
    if (value === undefined) return { ok: false, reason: 'no_signature' };
    const signature = value?.startsWith(PREFIX) ? parseHex(value.slice(PREFIX.length), 32) : undefined;
    if (!signature) return { ok: false, reason: 'malformed' };

    let matched = false;
    // No early exit: the time taken must not tell which secret was the right one.
    for (const secret of secrets) matched = equalBytes(hmac('sha256', secret.reveal(), body), signature) || matched;
    return matched ? { ok: true } : { ok: false, reason: 'no_secret_matched' };
  },

  describe({ headers, body }, data) {
    const event = headerOf(headers, 'x-github-event') ?? UNKNOWN_TYPE;
    const action = textField(data, 'action');
    return {
      externalId: headerOf(headers, 'x-github-delivery') ?? bodyId(body),
      type: action === undefined ? event : `${event}.${action}`,
    };
  },

  /** A webhook may be set up to come as a form; the signature is over the form, the JSON is its field `payload`. */
  jsonOf({ headers, body }) {
    if (!isForm(headers['content-type'])) return body;
    return Buffer.from(new URLSearchParams(body.toString('utf8')).get('payload') ?? '');
  },
};
