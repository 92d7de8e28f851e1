// What each sender sends, with any of its types: written from the vendors' pages, apart from the code that reads it.
import { systemClock } from '../kernel/clock.js';
import { CODE_SAMPLES } from './samples/code.js';
import { SampleOf } from './samples/sample.js';
import type { SampleMaker, SampleWebhook } from './samples/sample.js';
import { STANDARD_SAMPLES } from './samples/standard.js';
import { TALK_SAMPLES } from './samples/talk.js';
import { TRADE_SAMPLES } from './samples/trade.js';
import type { SignedProvider } from './signers.js';

const SAMPLES: Readonly<Record<SignedProvider | 'hmac', SampleMaker>> = {
  ...CODE_SAMPLES,
  ...STANDARD_SAMPLES,
  ...TALK_SAMPLES,
  ...TRADE_SAMPLES,
};

/** What a sample is made with. */
export interface SampleOptions {
  /** When it was sent, in milliseconds since the epoch. @defaultValue the moment of the call */
  readonly nowMs?: number;
  /** The source's `config`, which says where `hmac`, `basic` and `bearer` put id and type. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Printable, since some senders say it in a header. */
const TYPE = /^[\x21-\x7e]{1,255}$/;

/**
 * A webhook as this sender would send it, of the type that is asked for, with ids of its own: the vendor's envelope, and in
 * it as much as tells what it is about. Not signed yet: what it is given to is `signedRequest`.
 *
 * SendGrid and HubSpot send lists, whose one type is `events`; there the asked type is that of the item.
 *
 * @param type - In the words of `ReceivedEvent.type`: `payment_intent.succeeded`, `pull_request.opened`.
 * @throws Error where the type has spaces or anything else that no sender's has.
 * @example
 * const { url, headers, body } = signedRequest('github', { secret, ...sampleWebhook('github', 'pull_request.opened') });
 */
export function sampleWebhook(
  provider: SignedProvider | 'hmac',
  type: string,
  { nowMs = systemClock(), config = {} }: SampleOptions = {},
): SampleWebhook {
  if (!TYPE.test(type)) throw new Error('A type is 1 to 255 printable characters without spaces.');
  return SAMPLES[provider](new SampleOf(type, nowMs, config));
}
