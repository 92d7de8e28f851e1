// Samples of those who tell of trade and of customers: payments, orders, contracts, forms, appointments.
import { inBody } from './sample.js';
import type { SampleMaker } from './sample.js';

/** What a type is about: `invoice` of `invoice.payment.made`. */
const nounOf = (type: string): string => type.slice(0, Math.max(0, type.lastIndexOf('.'))) || type;
const verbOf = (type: string): string => type.slice(type.lastIndexOf('.') + 1);

const shopify: SampleMaker = (of) => ({
  headers: {
    'x-shopify-topic': of.type,
    'x-shopify-webhook-id': of.uuid(),
    'x-shopify-event-id': of.uuid(),
    'x-shopify-shop-domain': 'acme.myshopify.com',
    'x-shopify-api-version': '2026-01',
    'x-shopify-triggered-at': of.iso,
  },
  body: {
    id: of.number(),
    admin_graphql_api_id: `gid://shopify/Order/${of.number()}`,
    created_at: of.iso,
    currency: 'EUR',
    total_price: '99.95',
    line_items: [{ id: of.number(), title: 'Post horn', quantity: 1, price: '99.95' }],
  },
});

export const TRADE_SAMPLES = {
  stripe: inBody((of) => ({
    id: of.id('evt_'),
    object: 'event',
    api_version: '2025-09-30.clover',
    created: of.seconds,
    livemode: false,
    pending_webhooks: 1,
    request: { id: of.id('req_'), idempotency_key: of.uuid() },
    type: of.type,
    data: {
      object: {
        id: of.id(`${nounOf(of.type).replace(/\W/g, '_')}_`),
        object: nounOf(of.type),
        amount: 9_995,
        currency: 'eur',
        created: of.seconds,
        livemode: false,
        status: verbOf(of.type),
      },
    },
  })),
  shopify,
  paddle: inBody((of) => ({
    event_id: of.id('evt_'),
    event_type: of.type,
    occurred_at: of.iso,
    notification_id: of.id('ntf_'),
    data: { id: of.id(`${nounOf(of.type).slice(0, 3)}_`), status: verbOf(of.type), currency_code: 'EUR' },
  })),
  square: inBody((of) => ({
    merchant_id: of.id(),
    type: of.type,
    event_id: of.uuid(),
    created_at: of.iso,
    data: { type: nounOf(of.type), id: of.id(), object: { [nounOf(of.type)]: { status: 'COMPLETED' } } },
  })),
  docusign: inBody((of) => ({
    event: of.type,
    apiVersion: 'v2.1',
    uri: '/restapi/v2.1/accounts/1/envelopes/1',
    retryCount: 0,
    configurationId: of.number(),
    generatedDateTime: of.iso,
    data: { accountId: of.uuid(), userId: of.uuid(), envelopeId: of.uuid() },
  })),
  hubspot: inBody((of) => [
    {
      eventId: of.number(),
      subscriptionId: of.number(),
      portalId: 62_515,
      appId: 54_321,
      occurredAt: of.ms,
      // Of the item: a list has one type, `events`.
      subscriptionType: of.type === 'events' ? 'contact.creation' : of.type,
      attemptNumber: 0,
      objectId: of.number(),
      changeFlag: 'NEW',
    },
  ]),
  calendly: inBody((of) => ({
    event: of.type,
    created_at: of.iso,
    created_by: 'https://api.calendly.com/users/AAAAAAAAAAAAAAAA',
    payload: { uri: `https://api.calendly.com/scheduled_events/${of.uuid()}`, email: 'ada@example.com', name: 'Ada' },
  })),
  typeform: inBody((of) => ({
    event_id: of.id(),
    event_type: of.type,
    form_response: {
      form_id: 'lT4Z3j',
      token: of.id(),
      submitted_at: of.iso,
      answers: [{ type: 'text', text: 'Hello', field: { id: 'DlXFaesGBpoF', type: 'short_text' } }],
    },
  })),
};
