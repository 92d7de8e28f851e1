// Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack
import { parseJsonOrForm } from './body.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature, withTime } from './claims.js';
import { field, firstOf, moment } from './naming.js';
import { textField } from './provider.js';
import type { Provider } from './provider.js';
import { macOf, timeThenBody } from './scheme.js';

const handshake: Provider['handshake'] = (_request, data) => {
  const challenge = textField(data, 'challenge');
  return textField(data, 'type') === 'url_verification' && challenge !== undefined
    ? { kind: 'url_verification', contentType: 'text/plain', body: challenge }
    : undefined;
};

/**
 * Slack: `v0=` and hex over `v0:<time>:<body>`. Events come as JSON, interactions as JSON in the form field `payload`,
 * commands as a form; handlers get the JSON, or the fields.
 */
export const slack = builtIn({
  name: 'slack',
  title: 'Slack',
  page: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
  secret: 'The app’s signing secret, in its Basic Information',
  scheme: {
    read: withTime('X-Slack-Request-Timestamp', oneSignature('X-Slack-Signature', hex(32), 'v0=')),
    check: macOf('sha256', timeThenBody(':', 'v0:')),
    time: { unit: 's', toleranceSeconds: 300 },
  },
  parse: parseJsonOrForm('payload', { orFields: true }),
  id: firstOf(field('event_id'), field('trigger_id')),
  type: firstOf(field('event', 'type'), field('type'), field('command')),
  occurredAt: moment('s', 'event_time'),
  handshake: { says: '`url_verification`: its `challenge` is repeated', answer: handshake },
});
