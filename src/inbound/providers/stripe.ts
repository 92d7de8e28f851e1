// Stripe's signature: https://docs.stripe.com/webhooks#verify-manually. Stricter than the official library where that
// one reads a number out of junk, takes any time in the future, or lets a doubled header pass.
import { builtIn } from './built-in.js';
import { hex, timeAndSignatures } from './claims.js';
import { field, firstMoment, moment } from './naming.js';
import { macOf, timeThenBody } from './scheme.js';

/**
 * Stripe: `Stripe-Signature` over time and body, 5 minutes either way; type and id are the event's own. Thin events (v2)
 * are signed alike and say their time as text.
 */
export const stripe = builtIn({
  name: 'stripe',
  title: 'Stripe',
  page: 'https://docs.stripe.com/webhooks#verify-manually',
  secret: 'The endpoint’s signing secret (`whsec_…`), in the Dashboard under Workbench → Webhooks',
  scheme: {
    read: timeAndSignatures('Stripe-Signature', hex(32), { time: 't', signature: 'v1' }),
    // Keyed by the whole text, `whsec_` included.
    check: macOf('sha256', timeThenBody('.')),
    time: { unit: 's', toleranceSeconds: 300 },
  },
  id: field('id'),
  type: field('type'),
  occurredAt: firstMoment(moment('s', 'created'), moment('iso', 'created')),
});
