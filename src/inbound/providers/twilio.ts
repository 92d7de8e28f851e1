// Twilio: https://www.twilio.com/docs/usage/security#validating-requests. What is signed is the URL and the decoded fields of
// the form; any other body is signed through its digest in the URL.
import { hash } from 'node:crypto';
import { equalTexts } from '../../kernel/signatures/hmac.js';
import { formFields, isForm, parseForm, parseJson } from './body.js';
import { builtIn } from './built-in.js';
import { base64, oneSignature } from './claims.js';
import { field, firstOf, header, joined } from './naming.js';
import type { Place } from './naming.js';
import type { WebhookRequest } from './provider.js';
import { macOf, queryOf, signedUrl, urlProblem } from './scheme.js';
import type { Check } from './scheme.js';

/** Twilio signs the URL with its port or without, which depends on the product; both are the same place. */
const withPort = (url: string): string =>
  url.replace(/^(https?):\/\/([^/?#]*)/, (start, scheme: string, host: string) =>
    /:\d+$/.test(host) ? start : `${start}:${scheme === 'https' ? 443 : 80}`,
  );
const withoutPort = (url: string): string => url.replace(/^(https?:\/\/[^/?#]*?):\d+(?=[/?#]|$)/, '$1');

/** The fields by name, each name with its different values in order. */
function signedFields(body: Buffer): string | undefined {
  const fields = formFields(body);
  if (!fields) return undefined;
  const pairs = new Map(fields.map(([name, value]) => [JSON.stringify([name, value]), [name, value] as const]));
  return [...pairs.values()]
    .sort(([a, one], [b, other]) => compare(a, b) || compare(one, other))
    .flat()
    .join('');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What follows the URL in the signed text; `undefined` where the signature does not cover the body. */
function signedRest(request: WebhookRequest): string | undefined {
  if (isForm(request)) return signedFields(request.body);
  const digest = queryOf(request.url).get('bodySHA256');
  if (!digest) return request.body.length === 0 ? '' : undefined;
  return equalTexts(digest, hash('sha256', request.body, 'hex')) ? '' : undefined;
}

const signing = (spell: (url: string) => string): Check =>
  macOf('sha1', (_claim, request, source) => {
    const rest = signedRest(request);
    return rest === undefined ? undefined : [spell(signedUrl(request, source)), rest];
  });
const [plain, ported] = [signing(withoutPort), signing(withPort)];

/** A word of ours before a status of Twilio's. */
const status = (noun: string, ...names: readonly string[]): Place =>
  joined(
    '.',
    { says: `\`${noun}\``, of: (...request) => (statusOf(names).of(...request) ? noun : undefined) },
    statusOf(names),
  );
const statusOf = (names: readonly string[]): Place => firstOf(...names.map((name) => field(name)));

/** Twilio: SHA-1, base64, over the URL and the sorted fields. Handlers get the fields. */
export const twilio = builtIn({
  name: 'twilio',
  title: 'Twilio',
  page: 'https://www.twilio.com/docs/usage/security#validating-requests',
  secret: 'The account’s primary auth token, in the Console',
  config: '`url`: the URL given to Twilio, where `PUBLIC_URL` and the path do not make it',
  covers: 'URL and body',
  scheme: {
    read: oneSignature('X-Twilio-Signature', base64(20)),
    // Both are always tried: which one it was must not show.
    check: (...request) => [plain(...request), ported(...request)].includes(true),
  },
  sendsJson: false,
  parse: (request) => (isForm(request) ? parseForm(request) : parseJson(request.body)),
  id: header('I-Twilio-Idempotency-Token'),
  type: firstOf(status('message', 'MessageStatus', 'SmsStatus'), status('call', 'CallStatus'), field('type')),
  problemOf: urlProblem,
});
