// What receivers give back of the secrets that they were sent: pages for debugging show all headers of a request, and whoever
// may read the log must not find them there. The edge: what is given back in another form, such as encoded, is not recognised.
import type { CustomHeader } from '../../kernel/custom-headers.js';
import type { TransportResult } from '../transport/transport.js';

const MASK = '[masked]';

/** Shorter values are in any text, and no secrets. */
const MIN_LENGTH = 8;

type Answer = Pick<TransportResult, 'headers' | 'body'>;

/** An answer with the values of these headers masked, and their words: the token of `Bearer …`, the password of `Basic …`. */
export function withoutEchoes<Result extends Answer>(answer: Result, sent: readonly CustomHeader[]): Result {
  const { headers, body } = answer;
  // Most webhooks have none, and this is done for every attempt.
  if (sent.length === 0 || (!headers && !body)) return answer;
  const secrets = sent.flatMap(([, value]) => secretsIn(value));
  // As long as none is inside another, the order does not matter; the longest first, so that nothing is left of one.
  secrets.sort((a, b) => b.length - a.length);
  const shownHeaders = headers && maskedHeaders(headers, secrets);
  const shownBody = body && maskedBody(body, secrets);
  return shownHeaders === headers && shownBody === body
    ? answer
    : { ...answer, headers: shownHeaders, body: shownBody };
}

function secretsIn(value: string): string[] {
  const words = value.split(' ');
  const password = words[0] === 'Basic' ? passwordIn(words[1] ?? '') : [];
  return [...new Set([value, ...words, ...password])].filter(({ length }) => length >= MIN_LENGTH);
}

function passwordIn(credentials: string): string[] {
  const decoded = Buffer.from(credentials, 'base64').toString();
  return [decoded, decoded.slice(decoded.indexOf(':') + 1)];
}

function maskedHeaders(headers: NonNullable<Answer['headers']>, secrets: readonly string[]): Answer['headers'] {
  const text = JSON.stringify(headers);
  // As JSON writes it.
  const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  if (!written.some((secret) => text.includes(secret))) return headers;
  return JSON.parse(masked(text, written)) as Answer['headers'];
}

function maskedBody(body: Buffer, secrets: readonly string[]): Buffer {
  // One character for each byte, as headers are written: what is not masked stays as it is.
  const text = body.toString('latin1');
  const ends = endOf(text, secrets);
  if (ends === text.length && !secrets.some((secret) => text.includes(secret))) return body;
  return Buffer.from(masked(text.slice(0, ends), secrets) + (ends < text.length ? MASK : ''), 'latin1');
}

const masked = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((shown, secret) => shown.replaceAll(secret, MASK), text);

/** Where a secret begins that the end of the text has cut off; else the end. */
function endOf(text: string, secrets: readonly string[]): number {
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length >= MIN_LENGTH; length -= 1)
      if (text.endsWith(secret.slice(0, length))) return text.length - length;
  }
  return text.length;
}
