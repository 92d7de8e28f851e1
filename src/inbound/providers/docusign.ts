// DocuSign Connect: https://developers.docusign.com/platform/webhooks/connect/hmac/
import { parseJson, textOf } from './body.js';
import type { ParsedBody } from './body.js';
import { builtIn } from './built-in.js';
import { base64, numberedSignatures } from './claims.js';
import { field, joined, moment } from './naming.js';
import type { Provider } from './provider.js';
import { bodyAlone, macOf } from './scheme.js';
import { xmlTexts } from './xml.js';

const XML = /^(?:text|application)\/xml\s*(?:;|$)/i;

/** What legacy Connect sends, under the names that its JSON has, and the document itself beside it. */
function parseXml(body: Buffer): ParsedBody | undefined {
  let xml: string;
  try {
    xml = textOf(body);
  } catch {
    return undefined;
  }
  const texts = xmlTexts(xml);
  const of = (...path: string[]) => texts?.get(['DocuSignEnvelopeInformation', ...path].join('/'));
  const envelopeId = of('EnvelopeStatus', 'EnvelopeID');
  const status = of('EnvelopeStatus', 'Status');
  if (envelopeId === undefined || status === undefined) return undefined;
  const generatedAt = of('EnvelopeStatus', 'TimeGenerated');
  return {
    data: {
      event: `envelope-${status.toLowerCase()}`,
      data: { envelopeId },
      ...(generatedAt !== undefined && { generatedDateTime: `${generatedAt}${zoneOf(of('TimeZoneOffset'))}` }),
      xml,
    },
  };
}

/** Hours from UTC, as the time beside them is written: `-7` is `-07:00`. */
function zoneOf(hours = ''): string {
  const [, sign = '+', digits] = /^([+-]?)(\d{1,2})$/.exec(hours) ?? [];
  return digits === undefined ? '' : `${sign || '+'}${digits.padStart(2, '0')}:00`;
}

const parse: Provider['parse'] = ({ headers, body }) =>
  XML.test(headers['content-type'] ?? '') ? parseXml(body) : parseJson(body);

/**
 * DocuSign Connect: `X-DocuSign-Signature-1`, `-2`, …, one per active key, base64 over the body. The id is made of what a
 * repeated message keeps: `retryCount` changes, so the body does. Legacy Connect sends XML, which is named alike.
 */
export const docusign = builtIn({
  name: 'docusign',
  title: 'DocuSign Connect',
  page: 'https://developers.docusign.com/platform/webhooks/connect/hmac/',
  secret: 'A Connect HMAC key, in Settings → Connect → Connect keys',
  note: 'of the XML of legacy Connect, `data` has `event` (`envelope-completed`), `data.envelopeId`, `generatedDateTime`, and the document in `xml`',
  scheme: { read: numberedSignatures('X-DocuSign-Signature-', base64(32)), check: macOf('sha256', bodyAlone) },
  parse,
  id: joined(':', field('data', 'envelopeId'), field('event'), field('generatedDateTime')),
  type: field('event'),
  occurredAt: moment('iso', 'generatedDateTime'),
});
