// HubSpot, version 3: https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
import { builtIn } from './built-in.js';
import { base64, oneSignature, withTime } from './claims.js';
import { always, itemsOf } from './naming.js';
import { macOf, signedUrl, urlProblem } from './scheme.js';

/** HubSpot signs the URL with these percent-encodings undone, and no others. */
const DECODED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;
const asSigned = (url: string): string => url.replace(DECODED, decodeURIComponent);

/**
 * HubSpot: `X-HubSpot-Signature-v3`, base64 over method, URL, body and time in milliseconds. A request carries a list of
 * events; they have one type, `events`, and handlers go through the list. A repeated request has another `attemptNumber`
 * in it, so its id is made of the events.
 */
export const hubspot = builtIn({
  name: 'hubspot',
  title: 'HubSpot',
  page: 'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
  secret: 'The app’s client secret, in its Auth settings',
  config: '`url`: the target URL, where `PUBLIC_URL` and the path do not make it',
  covers: 'URL and body',
  scheme: {
    read: withTime('X-HubSpot-Request-Timestamp', oneSignature('X-HubSpot-Signature-v3', base64(32))),
    check: macOf('sha256', ({ time = '' }, request, source) => [
      request.method,
      asSigned(signedUrl(request, source)),
      request.body,
      time,
    ]),
    time: { unit: 'ms', toleranceSeconds: 300 },
  },
  id: itemsOf('eventId', 'subscriptionId', 'occurredAt'),
  type: always('events'),
  problemOf: urlProblem,
});
