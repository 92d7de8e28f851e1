// Paddle Billing: https://developer.paddle.com/webhooks/signature-verification
import { builtIn } from './built-in.js';
import { hex, timeAndSignatures } from './claims.js';
import { field, moment } from './naming.js';
import { macOf, timeThenBody } from './scheme.js';

/** Paddle: `ts=…;h1=…` over time and body; 5 seconds, as Paddle's own libraries have it, so keep the clock in step. */
export const paddle = builtIn({
  name: 'paddle',
  title: 'Paddle Billing',
  page: 'https://developer.paddle.com/webhooks/signature-verification',
  secret: 'The destination’s secret key (`pdl_ntfset_…`), in Developer tools → Notifications',
  scheme: {
    read: timeAndSignatures('Paddle-Signature', hex(32), { time: 'ts', signature: 'h1', separator: ';' }),
    check: macOf('sha256', timeThenBody(':')),
    time: { unit: 's', toleranceSeconds: 5 },
  },
  id: field('event_id'),
  type: field('event_type'),
  occurredAt: moment('iso', 'occurred_at'),
});
