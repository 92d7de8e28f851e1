// Samples of those who carry messages: chat, mail, telephone, support.
import { form, inBody } from './sample.js';
import type { SampleMaker, SampleOf } from './sample.js';

/** What Slack calls an interaction: such requests come as a form, in its field `payload`. */
const SLACK_INTERACTIONS = /^(?:block_actions|block_suggestion|view_submission|view_closed|shortcut|message_action)$/;
const SLACK_WHERE = { team_id: 'T0001', channel_id: 'C2147483705', user_id: 'U2147483697' };

const slack: SampleMaker = (of) => {
  if (of.type.startsWith('/'))
    return form({ command: of.type, text: 'hello', trigger_id: of.id(), api_app_id: 'A123ABC456', ...SLACK_WHERE });
  if (SLACK_INTERACTIONS.test(of.type)) {
    const payload = { type: of.type, trigger_id: of.id(), team: { id: 'T0001' }, user: { id: 'U2147483697' } };
    return form({ payload: JSON.stringify(payload) });
  }
  if (of.type === 'url_verification')
    return { headers: {}, body: { type: of.type, token: of.id(), challenge: of.id() } };
  return {
    headers: {},
    body: {
      type: 'event_callback',
      event_id: of.id('Ev'),
      event_time: of.seconds,
      team_id: SLACK_WHERE.team_id,
      api_app_id: 'A123ABC456',
      event: { type: of.type, user: 'U2147483697', channel: 'C2147483705', text: 'hello', ts: `${of.seconds}.000100` },
    },
  };
};

const TWILIO_NUMBERS = { From: '+15550001111', To: '+15550002222', ApiVersion: '2010-04-01' };

/** Messages and calls come as forms; what comes as JSON says its type by itself. */
const twilio: SampleMaker = (of) => {
  const [noun, status] = of.halves;
  const headers = { 'i-twilio-idempotency-token': of.uuid() };
  const account = { AccountSid: of.id('AC'), ...TWILIO_NUMBERS };
  if (noun === 'message' && status !== undefined)
    return form(
      { MessageSid: of.id('SM'), SmsStatus: status, MessageStatus: status, Body: 'Hello', ...account },
      headers,
    );
  if (noun === 'call' && status !== undefined)
    return form({ CallSid: of.id('CA'), CallStatus: status, Direction: 'inbound', ...account }, headers);
  return {
    headers,
    body: { specversion: '1.0', type: of.type, source: '/shop', id: of.id('EZ'), time: of.iso, data: TWILIO_NUMBERS },
  };
};

const discord = (of: SampleOf): object => {
  const [first, kind] = of.halves;
  const application = { application_id: '1234560123453231555', version: 1 };
  if (first === 'interaction' && kind !== undefined)
    return { id: String(of.number()), ...application, type: Number(kind), token: of.id(), data: { name: 'weather' } };
  return {
    ...application,
    type: 1,
    event: { type: of.type, timestamp: of.iso, data: { user: { id: String(of.number()) } } },
  };
};

/** A page, an account of Instagram or WhatsApp, and which of its fields changed. */
const meta = (of: SampleOf): object => {
  const [object, changed] = of.halves;
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: '106540352242922' } };
  return {
    object,
    entry: [
      {
        id: String(of.number()),
        time: of.seconds,
        ...(changed === undefined ? { messaging: [] } : { changes: [{ field: changed, value }] }),
      },
    ],
  };
};

export const TALK_SAMPLES = {
  slack,
  twilio,
  discord: inBody(discord),
  meta: inBody(meta),
  telegram: inBody((of) => ({
    update_id: of.number(),
    [of.type]: {
      message_id: of.number(),
      from: { id: 1, is_bot: false, first_name: 'Ada' },
      chat: { id: 1, type: 'private', first_name: 'Ada' },
      date: of.seconds,
      text: 'Hello',
    },
  })),
  zoom: inBody((of) => ({
    event: of.type,
    event_ts: of.ms,
    payload: {
      account_id: of.id(),
      object: { id: String(of.number()), uuid: of.id(), topic: 'Ship it', host_id: of.id() },
      ...(of.type === 'endpoint.url_validation' && { plainToken: of.id() }),
    },
  })),
  sendgrid: inBody((of) => [
    {
      // Of the item: a list has one type, `events`.
      event: of.type === 'events' ? 'delivered' : of.type,
      email: 'ada@example.com',
      timestamp: of.seconds,
      sg_event_id: of.id(),
      sg_message_id: `${of.id()}.filter0001`,
    },
  ]),
  mailgun: inBody((of) => ({
    'event-data': {
      id: of.id(),
      event: of.type,
      timestamp: of.ms / 1_000,
      recipient: 'ada@example.com',
      message: { headers: { to: 'Ada <ada@example.com>', 'message-id': of.id(), subject: 'Hello' } },
    },
  })),
  intercom: inBody((of) => ({
    type: 'notification_event',
    app_id: of.id(),
    id: of.id('notif_'),
    topic: of.type,
    created_at: of.seconds,
    delivery_attempts: 1,
    data: { type: 'notification_event_data', item: { type: of.type.split('.')[0], id: String(of.number()) } },
  })),
  zendesk: inBody((of) => ({
    account_id: of.number(),
    id: of.uuid(),
    type: of.type,
    subject: `zen:ticket:${of.number()}`,
    time: of.iso,
    zendesk_event_version: '2022-11-06',
    event: {},
    detail: { id: String(of.number()), status: 'OPEN', subject: 'Hello' },
  })),
};
