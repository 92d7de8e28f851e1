// Stripe's signature: https://docs.stripe.com/webhooks#verify-manually. Stricter than the official library where that
// one reads a number out of junk, takes any time in the future, or lets a doubled header pass.
import { equalBytes, hmac, parseHex } from '../../kernel/signatures/hmac.js';
import { bodyId, headerOf, textField, UNKNOWN_TYPE } from './provider.js';
import type { Provider } from './provider.js';

const HEADER = 'stripe-signature';
const TOLERANCE_SECONDS = 300;

// Each signature costs a comparison per secret. Stripe sends one per live secret, two during a rotation.
const MAX_SIGNATURES = 32;

// Later than this, `created` is no date of an event but junk that PostgreSQL or JSON could not hold.
const MAX_EPOCH_SECONDS = 4_102_444_800;

interface StripeHeader {
  /** The literal text: it is what was signed. */
  readonly time: string;
  readonly signatures: readonly Buffer[];
}

/** `t=<digits>,v1=<64 hex>[,v1=…][,v0=…]` with exactly one time; `undefined` for anything else. */
function parseHeader(value: string): StripeHeader | undefined {
  let time: string | undefined;
  let count = 0;
  const signatures: Buffer[] = [];
  for (const item of value.split(',')) {
    const [, key, text] = /^([^\s=]+)=(\S*)$/.exec(item) ?? [];
    if (key === undefined || text === undefined) return undefined;
    if (key === 't') {
      if (time !== undefined || !/^\d{1,20}$/.test(text)) return undefined;
      time = text;
    } else if (key === 'v1') {
      if (++count > MAX_SIGNATURES) return undefined;
      const signature = parseHex(text, 32);
      if (signature) signatures.push(signature);
    }
  }
  return time === undefined || signatures.length === 0 ? undefined : { time, signatures };
}

/** Stripe: `Stripe-Signature` over time and body, 5 minutes either way; type and id are the event's own. */
export const stripe: Provider = {
  name: 'stripe',
  sendsJson: true,

  verify({ headers, body }, secrets, nowMs, { toleranceSeconds = TOLERANCE_SECONDS } = {}) {
    const value = headerOf(headers, HEADER);
    if (value === undefined) return { ok: false, reason: 'no_signature' };
    const header = value === null ? undefined : parseHeader(value);
    if (!header) return { ok: false, reason: 'malformed' };

    let matched = false;
    for (const secret of secrets) {
      const expected = hmac('sha256', secret.reveal(), `${header.time}.`, body);
      // No early exit: the time taken must not tell which secret or which signature was the right one.
      for (const signature of header.signatures) matched = equalBytes(expected, signature) || matched;
    }
    if (!matched) return { ok: false, reason: 'no_secret_matched' };
    // After the match, so that "stale" in a log means a true signature: a wrong clock or a replay, not a wrong secret.
    const apart = Math.abs(Math.floor(nowMs / 1_000) - Number(header.time));
    return apart > toleranceSeconds ? { ok: false, reason: 'stale' } : { ok: true };
  },

  describe({ body }, data) {
    return {
      externalId: textField(data, 'id') ?? bodyId(body),
      type: textField(data, 'type') ?? UNKNOWN_TYPE,
      occurredAt: createdAt(data),
    };
  },
};

function createdAt(data: unknown): Date | undefined {
  if (typeof data !== 'object' || data === null || !('created' in data)) return undefined;
  const { created } = data;
  if (typeof created !== 'number' || !Number.isInteger(created)) return undefined;
  return created > 0 && created < MAX_EPOCH_SECONDS ? new Date(created * 1_000) : undefined;
}
