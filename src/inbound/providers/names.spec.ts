// Where each sender says what happened, which event it was and when: taken from the examples on the vendors' pages.
import { describe, expect, it } from '@jest/globals';
import { BUILT_IN_PROVIDERS } from './built-in-providers.js';

interface Example {
  readonly provider: string;
  readonly headers?: Record<string, string>;
  /** JSON, or the text of a form. */
  readonly body: object | string;
  readonly config?: Record<string, unknown>;
  readonly type: string;
  /** Nothing: the body is the id. */
  readonly externalId?: string;
  readonly occurredAt?: string;
}

const NEW_YEAR = '2026-01-01T00:00:00.000Z';
const SECONDS = 1_767_225_600;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const EXAMPLES: readonly Example[] = [
  {
    provider: 'stripe',
    body: { id: 'evt_1', object: 'event', type: 'charge.succeeded', created: SECONDS },
    type: 'charge.succeeded',
    externalId: 'evt_1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'stripe',
    body: {
      id: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
      object: 'v2.core.event',
      type: 'v1.billing.meter.error_report_triggered',
      created: '2026-01-01T00:00:00.000Z',
      related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
    },
    type: 'v1.billing.meter.error_report_triggered',
    externalId: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'gitlab',
    headers: { 'x-gitlab-event': 'Merge Request Hook', 'x-gitlab-event-uuid': 'uuid-1', 'idempotency-key': 'key-1' },
    body: { object_kind: 'merge_request', object_attributes: { action: 'open' } },
    type: 'merge_request.open',
    externalId: 'key-1',
  },
  {
    provider: 'gitlab',
    headers: { 'x-gitlab-event': 'System Hook', 'x-gitlab-event-uuid': 'uuid-2' },
    body: { event_name: 'project_create' },
    type: 'project_create',
    externalId: 'uuid-2',
  },
  {
    provider: 'bitbucket',
    headers: { 'x-event-key': 'repo:push', 'x-request-uuid': 'r-1' },
    body: { push: {} },
    type: 'repo:push',
    externalId: 'r-1',
  },
  {
    provider: 'slack',
    body: { type: 'event_callback', event_id: 'Ev1', event_time: SECONDS, event: { type: 'app_mention' } },
    type: 'app_mention',
    externalId: 'Ev1',
    occurredAt: NEW_YEAR,
  },
  { provider: 'slack', headers: FORM, body: 'command=%2Fweather&trigger_id=13', type: '/weather', externalId: '13' },
  {
    provider: 'shopify',
    headers: {
      'x-shopify-topic': 'orders/create',
      'x-shopify-webhook-id': 'w-1',
      'x-shopify-event-id': 'e-1',
      'x-shopify-triggered-at': '2026-01-01T00:00:00.000000000Z',
    },
    body: { id: 820982911946154500 },
    type: 'orders/create',
    externalId: 'w-1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'standard-webhooks',
    headers: { 'webhook-id': 'msg_1' },
    body: { type: 'contact.created', timestamp: NEW_YEAR, data: {} },
    type: 'contact.created',
    externalId: 'msg_1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'standard-webhooks',
    headers: { 'webhook-id': 'our-own' },
    body: { id: 'our-own', event: 'order.completed', timestamp: NEW_YEAR, data: {} },
    type: 'order.completed',
    externalId: 'our-own',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'clerk',
    headers: { 'svix-id': 'm-2' },
    body: { type: 'user.created' },
    type: 'user.created',
    externalId: 'm-2',
  },
  {
    provider: 'openai',
    headers: { 'webhook-id': 'wh_1' },
    body: { object: 'event', id: 'evt_1', type: 'response.completed', created_at: SECONDS },
    type: 'response.completed',
    externalId: 'wh_1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'twilio',
    headers: { ...FORM, 'i-twilio-idempotency-token': 'token-1' },
    body: 'MessageSid=SM1&MessageStatus=delivered&SmsStatus=delivered',
    type: 'message.delivered',
    externalId: 'token-1',
  },
  { provider: 'twilio', headers: FORM, body: 'CallSid=CA1&CallStatus=ringing', type: 'call.ringing' },
  { provider: 'twilio', headers: FORM, body: 'RecordingSid=RE1', type: 'unknown' },
  { provider: 'sendgrid', body: [{ event: 'open' }], type: 'events' },
  {
    provider: 'discord',
    body: { version: 1, type: 1, event: { type: 'APPLICATION_AUTHORIZED', timestamp: NEW_YEAR } },
    type: 'APPLICATION_AUTHORIZED',
    occurredAt: NEW_YEAR,
  },
  { provider: 'discord', body: { id: '1', type: 2, data: { name: 'blep' } }, type: 'interaction.2', externalId: '1' },
  {
    provider: 'zoom',
    body: { event: 'meeting.started', event_ts: SECONDS * 1_000, payload: {} },
    type: 'meeting.started',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'meta',
    body: { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value: {} }] }] },
    type: 'whatsapp_business_account.messages',
  },
  { provider: 'meta', body: { object: 'page', entry: [{ id: '1', messaging: [{}] }] }, type: 'page' },
  {
    provider: 'linear',
    headers: { 'linear-delivery': 'd-1', 'linear-event': 'Issue' },
    body: { action: 'create', type: 'Issue', createdAt: NEW_YEAR },
    type: 'Issue.create',
    externalId: 'd-1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'intercom',
    body: { type: 'notification_event', topic: 'conversation.user.created', id: 'notif_1', created_at: SECONDS },
    type: 'conversation.user.created',
    externalId: 'notif_1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'square',
    body: { merchant_id: 'M1', type: 'payment.created', event_id: 'e-1', created_at: '2026-01-01T00:00:00Z' },
    type: 'payment.created',
    externalId: 'e-1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'paddle',
    body: { event_id: 'evt_1', event_type: 'transaction.paid', occurred_at: NEW_YEAR, notification_id: 'ntf_1' },
    type: 'transaction.paid',
    externalId: 'evt_1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'typeform',
    body: { event_id: 'L1', event_type: 'form_response', form_response: { submitted_at: '2026-01-01T00:00:00Z' } },
    type: 'form_response',
    externalId: 'L1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'calendly',
    body: { event: 'invitee.created', created_at: '2026-01-01T00:00:00.000000Z', payload: {} },
    type: 'invitee.created',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'sentry',
    headers: { 'sentry-hook-resource': 'issue', 'request-id': 'r-1' },
    body: { action: 'created' },
    type: 'issue.created',
    externalId: 'r-1',
  },
  {
    provider: 'vercel',
    body: { id: 'v-1', type: 'deployment.created', createdAt: SECONDS * 1_000 },
    type: 'deployment.created',
    externalId: 'v-1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'pagerduty',
    body: { event: { id: '01BX', event_type: 'incident.triggered', occurred_at: '2026-01-01T00:00:00Z' } },
    type: 'incident.triggered',
    externalId: '01BX',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'zendesk',
    headers: { 'x-zendesk-webhook-invocation-id': 'i-1' },
    body: { id: 'z-1', type: 'zen:event-type:user.created', time: NEW_YEAR },
    type: 'zen:event-type:user.created',
    externalId: 'z-1',
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'zendesk',
    headers: { 'x-zendesk-webhook-invocation-id': 'i-2' },
    body: { ticket: 1 },
    type: 'unknown',
    externalId: 'i-2',
  },
  {
    provider: 'docusign',
    body: { event: 'envelope-completed', generatedDateTime: NEW_YEAR, retryCount: 3, data: { envelopeId: 'en-1' } },
    type: 'envelope-completed',
    externalId: `en-1:envelope-completed:${NEW_YEAR}`,
    occurredAt: NEW_YEAR,
  },
  {
    provider: 'docusign',
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: `<?xml version="1.0" encoding="utf-8"?>
<DocuSignEnvelopeInformation xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.docusign.net/API/3.0">
  <EnvelopeStatus>
    <RecipientStatuses><RecipientStatus><Type>Signer</Type><Status>Sent</Status></RecipientStatus></RecipientStatuses>
    <TimeGenerated>2025-12-31T17:00:00.25</TimeGenerated>
    <EnvelopeID>8f3a-1</EnvelopeID>
    <Subject>Terms &lt;final&gt;</Subject>
    <Status>Completed</Status>
    <ACHolder /><!-- <Status>Voided</Status> -->
  </EnvelopeStatus>
  <TimeZone>Pacific Standard Time</TimeZone>
  <TimeZoneOffset>-7</TimeZoneOffset>
</DocuSignEnvelopeInformation>`,
    type: 'envelope-completed',
    externalId: '8f3a-1:envelope-completed:2025-12-31T17:00:00.25-07:00',
    occurredAt: '2026-01-01T00:00:00.250Z',
  },
  { provider: 'telegram', body: { update_id: 10_000, message: { date: 1 } }, type: 'message', externalId: '10000' },
  {
    provider: 'mailgun',
    body: { signature: { token: 't' }, 'event-data': { id: 'G9B', event: 'opened', timestamp: SECONDS + 0.25 } },
    type: 'opened',
    externalId: 'G9B',
    occurredAt: '2026-01-01T00:00:00.250Z',
  },
  { provider: 'mailgun', headers: FORM, body: 'event=delivered&token=abc', type: 'delivered', externalId: 'abc' },
  {
    provider: 'hmac',
    headers: { 'x-id': 'h-1' },
    body: { data: { kind: 'thing.done' } },
    config: { id: 'header:X-Id', type: 'body:data.kind' },
    type: 'thing.done',
    externalId: 'h-1',
  },
  { provider: 'basic', body: { id: 7, type: 'x' }, type: 'x', externalId: '7' },
  { provider: 'bearer', body: { id: 7, type: 'x' }, config: { type: 'header:X-Type' }, type: 'x', externalId: '7' },
];

const describeExample = ({ provider: name, headers = {}, body, config }: Omit<Example, 'type'>) => {
  const provider = BUILT_IN_PROVIDERS.find((each) => each.name === name);
  if (!provider) throw new Error(`There is no provider ${name}.`);
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const request = { method: 'POST', url: 'https://x.example/', headers, body: bytes };
  const data: unknown = provider.parse ? provider.parse(request)?.data : JSON.parse(bytes.toString());
  return provider.describe(request, data, { config });
};

describe('a provider names', () => {
  it.each(EXAMPLES)('$provider: $type', ({ type, externalId, occurredAt, ...example }) => {
    const described = describeExample(example);
    expect(described.type).toBe(type);
    if (externalId === undefined) expect(described.externalId).toMatch(/^sha256:[0-9a-f]{64}$/);
    else expect(described.externalId).toBe(externalId);
    expect(described.occurredAt?.toISOString()).toBe(occurredAt);
  });

  it('HubSpot’s batch by its events, which stay the same when it is sent again', () => {
    const event = { eventId: 1, subscriptionId: 2, occurredAt: 3, attemptNumber: 0 };
    const idOf = (body: object) => describeExample({ provider: 'hubspot', body }).externalId;
    expect(idOf([{ ...event, attemptNumber: 1 }])).toBe(idOf([event]));
    expect(idOf([{ ...event, subscriptionId: 3 }])).not.toBe(idOf([event]));
    expect(idOf([event, event])).not.toBe(idOf([event]));
  });
});
