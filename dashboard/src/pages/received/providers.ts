// Made by "npm run docs:providers" from src/inbound/providers/. Edit those, not this.

export interface ProviderChoice {
  readonly name: string;
  readonly title: string;
  /** What to give as its secret, and where it is found. */
  readonly secret: string;
  /** What its config must or may hold. */
  readonly config?: string;
}

export const PROVIDERS: readonly ProviderChoice[] = [
  {
    name: 'stripe',
    title: 'Stripe',
    secret: 'The endpoint’s signing secret (whsec_…), in the Dashboard under Workbench → Webhooks',
  },
  {
    name: 'github',
    title: 'GitHub',
    secret: 'The secret you chose, in the repository’s or organization’s Settings → Webhooks',
  },
  {
    name: 'gitlab',
    title: 'GitLab',
    secret: 'The signing token (whsec_…) or the secret token, in Settings → Webhooks',
  },
  { name: 'bitbucket', title: 'Bitbucket', secret: 'The secret you chose, in Repository settings → Webhooks' },
  { name: 'slack', title: 'Slack', secret: 'The app’s signing secret, in its Basic Information' },
  {
    name: 'shopify',
    title: 'Shopify',
    secret:
      'The app’s client secret, in the Dev Dashboard; for webhooks made in the admin, the one under Notifications → Webhooks',
  },
  {
    name: 'standard-webhooks',
    title: 'Standard Webhooks, Posthorn',
    secret: 'The endpoint’s secret (whsec_…), or the sender’s public key (whpk_…)',
  },
  { name: 'svix', title: 'Svix', secret: 'The endpoint’s signing secret (whsec_…), in its details in the portal' },
  { name: 'clerk', title: 'Clerk', secret: 'The endpoint’s signing secret (whsec_…), in the Dashboard under Webhooks' },
  {
    name: 'resend',
    title: 'Resend',
    secret: 'The webhook’s signing secret (whsec_…), in its details in the dashboard',
  },
  {
    name: 'openai',
    title: 'OpenAI',
    secret: 'The endpoint’s signing secret (whsec_…), shown when it is made in the project’s settings',
  },
  {
    name: 'supabase',
    title: 'Supabase Auth hooks',
    secret: 'The hook’s secret (v1,whsec_…), in the dashboard under Authentication → Hooks',
  },
  {
    name: 'twilio',
    title: 'Twilio',
    secret: 'The account’s primary auth token, in the Console',
    config: 'url: the URL given to Twilio, where PUBLIC_URL and the path do not make it',
  },
  {
    name: 'sendgrid',
    title: 'SendGrid',
    secret: 'The verification key (a public key), in Settings → Mail Settings → Event Webhook',
  },
  {
    name: 'discord',
    title: 'Discord',
    secret: 'The application’s public key, in the Developer Portal under General Information',
  },
  { name: 'zoom', title: 'Zoom', secret: 'The app’s secret token, in its Features → Access' },
  {
    name: 'meta',
    title: 'Meta (Facebook, Instagram, WhatsApp)',
    secret: 'The app secret, in the App Dashboard under App settings → Basic',
    config: 'verifyToken: the verify token you chose for the subscription',
  },
  { name: 'linear', title: 'Linear', secret: 'The webhook’s signing secret (lin_wh_…), in Settings → API' },
  {
    name: 'intercom',
    title: 'Intercom',
    secret: 'The app’s client secret, in the Developer Hub under Basic information',
  },
  {
    name: 'hubspot',
    title: 'HubSpot',
    secret: 'The app’s client secret, in its Auth settings',
    config: 'url: the target URL, where PUBLIC_URL and the path do not make it',
  },
  {
    name: 'square',
    title: 'Square',
    secret: 'The subscription’s signature key, in the Developer Console under Webhooks',
    config: 'url: the notification URL, where PUBLIC_URL and the path do not make it',
  },
  {
    name: 'paddle',
    title: 'Paddle Billing',
    secret: 'The destination’s secret key (pdl_ntfset_…), in Developer tools → Notifications',
  },
  {
    name: 'typeform',
    title: 'Typeform',
    secret: 'The secret you chose for the webhook, in the form’s Connect → Webhooks',
  },
  { name: 'calendly', title: 'Calendly', secret: 'The signing_key given when the subscription was made' },
  { name: 'sentry', title: 'Sentry', secret: 'The integration’s client secret, in Settings → Custom Integrations' },
  {
    name: 'vercel',
    title: 'Vercel',
    secret: 'The webhook’s secret, shown when it is made; for an integration, its client secret',
  },
  { name: 'pagerduty', title: 'PagerDuty', secret: 'The subscription’s secret, shown when it is made' },
  {
    name: 'zendesk',
    title: 'Zendesk',
    secret: 'The webhook’s signing secret, in Admin Center → Webhooks → Reveal secret',
  },
  { name: 'docusign', title: 'DocuSign Connect', secret: 'A Connect HMAC key, in Settings → Connect → Connect keys' },
  { name: 'telegram', title: 'Telegram', secret: 'The secret_token you gave to setWebhook' },
  { name: 'mailgun', title: 'Mailgun', secret: 'The account’s HTTP webhook signing key, in API Security' },
  {
    name: 'hmac',
    title: 'Any sender that signs by HMAC',
    secret: 'Whatever the sender signs with',
    config: 'see docs/receiving.md',
  },
  {
    name: 'basic',
    title: 'Any sender with user and password',
    secret: 'user:password, as given to the sender',
    config: 'id, type: as for hmac',
  },
  {
    name: 'bearer',
    title: 'Any sender with a bearer token',
    secret: 'The token, as given to the sender',
    config: 'id, type: as for hmac',
  },
];
