// Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
import { parseHex } from '../../kernel/signatures/encoding.js';
import { isForm, parseForm, parseJson } from './body.js';
import { builtIn } from './built-in.js';
import { reader, UNIX_TIME } from './claims.js';
import { isMultipart, multipartFields, parseMultipart } from './multipart.js';
import { field, firstOf, plausible } from './naming.js';
import { fieldOf, textField } from './provider.js';
import type { Provider, WebhookRequest } from './provider.js';
import { macOf } from './scheme.js';

const TOKEN = /^[0-9a-zA-Z]{1,100}$/;

const parse: Provider['parse'] = (request) => {
  if (isMultipart(request)) return parseMultipart(request);
  return isForm(request) ? parseForm(request) : parseJson(request.body);
};

/** Where the signature stands. Files are not looked at: nothing is believed yet. */
function placeOf(request: WebhookRequest): unknown {
  if (isMultipart(request)) return multipartFields(request);
  return isForm(request) ? parseForm(request)?.data : fieldOf(parseJson(request.body)?.data, ['signature']);
}

/** The signature stands in the body: in `signature` of the JSON, or among the fields of a form. */
const read = reader([], (request) => {
  const place = placeOf(request);
  const [time, token, text] = ['timestamp', 'token', 'signature'].map((name) => textField(place, name));
  if (time === undefined || token === undefined || text === undefined) return 'no_signature';
  const signature = parseHex(text, 32);
  return signature && UNIX_TIME.test(time) && TOKEN.test(token)
    ? { signatures: [signature], time, id: token }
    : 'malformed';
});

/**
 * Mailgun: a signature in the body over its own time and token, and over nothing else: whoever saw one request can make
 * others. That is why the body is read before the verdict here. Mailgun names no window; set `toleranceSeconds` for one.
 */
export const mailgun = builtIn({
  name: 'mailgun',
  title: 'Mailgun',
  page: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
  secret: 'The account’s HTTP webhook signing key, in API Security',
  note: 'JSON and forms; a route that forwards mail with attachments sends files, up to 25 MB: raise `maxBodyBytes`. In `data`, a file is `{ filename, contentType, content }` in base64',
  covers: 'nothing',
  scheme: { read, check: macOf('sha256', ({ time = '', id = '' }) => [time, id]), time: { unit: 's' } },
  parse,
  id: firstOf(field('event-data', 'id'), field('token')),
  type: firstOf(field('event-data', 'event'), field('event')),
  // Seconds with a fraction.
  occurredAt: {
    of: (_request, data) => plausible(Math.floor(Number(fieldOf(data, ['event-data', 'timestamp'])) * 1_000)),
  },
});
