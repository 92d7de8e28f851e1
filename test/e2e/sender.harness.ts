// What senders send, signed by their own libraries, and what they are answered: shared by the specs of receiving.
import { sign } from '@octokit/webhooks-methods';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';

export const STRIPE_SECRET = 'whsec_ZmFrZSBidXQgcmVhbGlzdGlj';
export const GITHUB_SECRET = 'a-github-secret-of-this-test';

const stripeSdk = new Stripe('sk_test_unused');

/** An answer as its sender sees it. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** As a sender does that is told to come again: on a busy machine a copy may wait for longer than the 5 s that it is let. */
export async function untilTaken(send: () => Promise<Answered>): Promise<Answered> {
  const answer = await send();
  return answer.status === 409 || answer.status === 503 ? untilTaken(send) : answer;
}

/** Sends bytes as they are. */
export async function post(
  url: string,
  body: Buffer | string,
  headers: Record<string, string | undefined> = {},
): Promise<Answered> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(url, { method: 'POST', body, headers: given });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** Stripe's header, made by Stripe's library. */
export const stripeHeaders = (
  body: string,
  secret = STRIPE_SECRET,
  timestamp = nowSeconds(),
): Record<string, string> => ({
  'content-type': 'application/json',
  'stripe-signature': stripeSdk.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
});

/** GitHub's headers, signed by GitHub's library. */
export const githubHeaders = async (
  body: string,
  event: string,
  delivery: string = randomUUID(),
): Promise<Record<string, string>> => ({
  'content-type': 'application/json',
  'x-github-event': event,
  'x-github-delivery': delivery,
  'x-hub-signature-256': await sign(GITHUB_SECRET, body),
});

/** An event of Stripe as JSON, with an id that no other test uses. */
export function stripeEvent(type: string, more: object = {}): { id: string; body: string } {
  const id = `evt_${randomUUID()}`;
  return { id, body: JSON.stringify({ id, type, created: nowSeconds(), ...more }) };
}

/** The answers to verified and unverified webhooks, to the last key. */
export const EXACT: Record<string, { status: number; body: unknown }> = {
  processed: { status: 200, body: { status: 'processed' } },
  already: { status: 200, body: { status: 'already_processed' } },
  accepted: { status: 202, body: { status: 'accepted' } },
  invalid: { status: 401, body: { error: 'Invalid signature' } },
  notJson: { status: 400, body: { error: 'Not JSON' } },
  inProgress: { status: 409, body: { error: 'In progress' } },
  failed: { status: 500, body: { error: 'Processing failed' } },
};

export const answerOf = ({ status, body }: Answered): { status: number; body: unknown } => ({ status, body });
