// Webhooks as Stripe and GitHub send them, signed by their own libraries.
import { sign } from '@octokit/webhooks-methods';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';

// Used for nothing but signing: no request goes to Stripe.
const stripe = new Stripe('sk_test_of_the_demo');

/** A paid invoice from Stripe. */
export function stripeWebhook(secret) {
  const event = {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    type: 'payment_intent.succeeded',
    created: Math.floor(Date.now() / 1_000),
    data: { object: { id: 'pi_1', object: 'payment_intent', amount: 9_995, currency: 'eur' } },
  };
  const body = JSON.stringify(event);
  const headers = { 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret }) };
  return { source: 'stripe', body, headers };
}

/** An opened pull request from GitHub. */
export async function githubWebhook(secret) {
  const body = JSON.stringify({ action: 'opened', number: 7, pull_request: { title: 'Grüße 🎺' } });
  const headers = {
    'x-github-event': 'pull_request',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': await sign(secret, body),
  };
  return { source: 'github', body, headers };
}
