// Shopify: https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify
import { builtIn } from './built-in.js';
import { base64, oneSignature } from './claims.js';
import { header, headerMoment } from './naming.js';
import { bodyAlone, macOf } from './scheme.js';

/**
 * Shopify: base64 over the body. The id is the one of the webhook, not `X-Shopify-Event-Id`: one event of a shop may come
 * as several topics, which would then be taken for copies of each other.
 */
export const shopify = builtIn({
  name: 'shopify',
  title: 'Shopify',
  page: 'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
  secret:
    'The app’s client secret, in the Dev Dashboard; for webhooks made in the admin, the one under Notifications → Webhooks',
  scheme: { read: oneSignature('X-Shopify-Hmac-Sha256', base64(32)), check: macOf('sha256', bodyAlone) },
  id: header('X-Shopify-Webhook-Id'),
  type: header('X-Shopify-Topic'),
  occurredAt: headerMoment('X-Shopify-Triggered-At'),
});
