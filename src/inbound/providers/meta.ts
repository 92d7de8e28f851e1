// Meta: https://developers.facebook.com/docs/graph-api/webhooks/getting-started. One scheme for pages, Instagram, WhatsApp.
import { equalTexts } from '../../kernel/signatures/hmac.js';
import { builtIn } from './built-in.js';
import { hex, oneSignature } from './claims.js';
import { field, joined } from './naming.js';
import type { Provider } from './provider.js';
import { bodyAlone, macOf, queryOf } from './scheme.js';

const challenge: Provider['challenge'] = ({ url }, { config }) => {
  const query = queryOf(url);
  const { verifyToken } = config ?? {};
  const asked = query.get('hub.challenge');
  if (query.get('hub.mode') !== 'subscribe' || !asked || typeof verifyToken !== 'string') return undefined;
  const known = equalTexts(query.get('hub.verify_token') ?? '', verifyToken);
  // Meta asks with a number; nothing else is repeated, so that nobody has us write a page.
  return known && /^\w{1,256}$/.test(asked)
    ? { kind: 'hub.challenge', contentType: 'text/plain', body: asked }
    : undefined;
};

/**
 * Meta: `X-Hub-Signature-256` over the body. Several changes may come in one request; the type is that of the first. The
 * verify token is no secret: all it does is let a URL be saved.
 */
export const meta = builtIn({
  name: 'meta',
  title: 'Meta (Facebook, Instagram, WhatsApp)',
  page: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
  secret: 'The app secret, in the App Dashboard under App settings → Basic',
  config: '`verifyToken`: the verify token you chose for the subscription',
  scheme: { read: oneSignature('X-Hub-Signature-256', hex(32), 'sha256='), check: macOf('sha256', bodyAlone) },
  // WhatsApp: up to 3 MB.
  defaultMaxBodyBytes: 3_145_728,
  type: joined('.', field('object'), field('entry', 0, 'changes', 0, 'field')),
  handshake: { says: '`GET` with `hub.challenge`: repeated where `hub.verify_token` is `config.verifyToken`' },
  challenge,
  problemOf: (_secrets, { verifyToken }) =>
    verifyToken === undefined || (typeof verifyToken === 'string' && verifyToken !== '')
      ? undefined
      : 'config.verifyToken must be a text.',
});
