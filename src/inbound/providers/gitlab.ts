// GitLab: https://docs.gitlab.com/user/project/integrations/webhooks/. Two ways, and a source may live on both while it moves
// from one to the other: a signing token signs by Standard Webhooks, a secret token is sent as it is.
import { builtIn } from './built-in.js';
import { reader, tokenIn } from './claims.js';
import { field, firstOf, header, joined } from './naming.js';
import { secretItself } from './scheme.js';
import type { Check } from './scheme.js';
import { standardScheme } from './standard-webhooks.js';

const token = tokenIn('X-Gitlab-Token');

const read = reader(['X-Gitlab-Token'], (...request) => {
  const [sent, signed] = [token(...request), standardScheme.read(...request)];
  if (typeof signed === 'string') return sent === 'no_signature' ? signed : sent;
  return typeof sent === 'string' ? signed : { ...signed, token: sent.token };
});

// A signing token is never sent: what comes in `X-Gitlab-Token` is not compared with one.
const check: Check = (secret, ...request) =>
  (secret.reveal().startsWith('whsec_') ? standardScheme.check : secretItself)(secret, ...request);

/**
 * GitLab: `X-Gitlab-Token` is the secret itself and signs nothing, so whoever saw one request can make others; where the
 * webhook has a signing token, use that.
 */
export const gitlab = builtIn({
  name: 'gitlab',
  title: 'GitLab',
  page: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
  secret: 'The signing token (`whsec_…`) or the secret token, in Settings → Webhooks',
  covers: 'nothing',
  note: 'With a signing token, `webhook-signature` covers the body, in a window of 300 s',
  scheme: { read, check, time: standardScheme.time },
  id: firstOf(header('Idempotency-Key'), header('webhook-id'), header('X-Gitlab-Event-UUID')),
  type: joined(
    '.',
    firstOf(field('object_kind'), field('event_name'), header('X-Gitlab-Event')),
    field('object_attributes', 'action'),
  ),
});
