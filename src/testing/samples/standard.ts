// Samples of those who sign by Standard Webhooks, and of those whom only the config of their source describes.
import { inBody } from './sample.js';
import type { SampleMaker, SampleOf } from './sample.js';

const DATA = { name: 'Ada', email: 'ada@example.com' };

const standard = inBody((of) => ({ type: of.type, timestamp: of.iso, data: { id: of.id(), ...DATA } }));

/** Id and type where the config says: `header:X-Event-Id`, `body:data.id`; else in the members of that name. */
const described: SampleMaker = (of) => {
  const headers: Record<string, string> = {};
  const body: Record<string, unknown> = { data: DATA };
  for (const [name, value] of [
    ['id', of.id()],
    ['type', of.type],
  ] as const) {
    const place = placeOf(of, name);
    if (place.startsWith('header:')) headers[place.slice('header:'.length).toLowerCase()] = value;
    else put(body, place.slice('body:'.length).split('.'), value);
  }
  return { headers, body };
};

const placeOf = ({ config }: SampleOf, name: 'id' | 'type'): string =>
  typeof config[name] === 'string' ? config[name] : `body:${name}`;

function put(body: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) return void (body[first] = value);
  const member = { ...(body[first] as Record<string, unknown> | undefined) };
  put(member, rest, value);
  body[first] = member;
}

export const STANDARD_SAMPLES = {
  'standard-webhooks': standard,
  svix: standard,
  clerk: inBody((of) => ({
    data: { id: of.id('user_'), object: of.type.split('.')[0], ...DATA },
    object: 'event',
    timestamp: of.ms,
    type: of.type,
  })),
  resend: inBody((of) => ({
    type: of.type,
    created_at: of.iso,
    data: { email_id: of.uuid(), from: 'shop@example.com', to: [DATA.email], subject: 'Hello' },
  })),
  openai: inBody((of) => ({
    id: of.id('evt_'),
    object: 'event',
    created_at: of.seconds,
    type: of.type,
    data: { id: of.id('resp_') },
  })),
  // Its hooks name no type themselves; this is where one is read from.
  supabase: inBody((of) => ({ type: of.type, user: { id: of.uuid(), ...DATA }, email_data: { token: of.id() } })),
  basic: described,
  bearer: described,
  hmac: described,
};
