import { basic } from './basic.js';
import { bearer } from './bearer.js';
import { bitbucket } from './bitbucket.js';
import type { BuiltInProvider } from './built-in.js';
import { calendly } from './calendly.js';
import { discord } from './discord.js';
import { docusign } from './docusign.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { hmacProvider } from './hmac.js';
import { hubspot } from './hubspot.js';
import { intercom } from './intercom.js';
import { linear } from './linear.js';
import { mailgun } from './mailgun.js';
import { meta } from './meta.js';
import { paddle } from './paddle.js';
import { pagerduty } from './pagerduty.js';
import { sendgrid } from './sendgrid.js';
import { sentry } from './sentry.js';
import { shopify } from './shopify.js';
import { slack } from './slack.js';
import { square } from './square.js';
import { standardWebhooks } from './standard-webhooks.js';
import { stripe } from './stripe.js';
import { telegram } from './telegram.js';
import { twilio } from './twilio.js';
import { typeform } from './typeform.js';
import { vercel } from './vercel.js';
import { zendesk } from './zendesk.js';
import { zoom } from './zoom.js';

/** Every kind of sender that is known without a class of one's own. */
export const BUILT_IN_PROVIDERS: readonly BuiltInProvider[] = [
  stripe,
  github,
  gitlab,
  bitbucket,
  slack,
  shopify,
  ...standardWebhooks,
  twilio,
  sendgrid,
  discord,
  zoom,
  meta,
  linear,
  intercom,
  hubspot,
  square,
  paddle,
  typeform,
  calendly,
  sentry,
  vercel,
  pagerduty,
  zendesk,
  docusign,
  telegram,
  mailgun,
  hmacProvider,
  basic,
  bearer,
];
