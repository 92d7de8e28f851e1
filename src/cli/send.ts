// posthorn send: a signed webhook, as any of the built-in senders would send it.
import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { systemClock } from '../kernel/clock.js';
import { sampleWebhook } from '../testing/samples.js';
import type { SampleWebhook } from '../testing/samples/sample.js';
import { signedRequest } from '../testing/signers.js';
import type { Io } from './cli.js';
import { ask } from './http.js';
import { argumentsOf, httpUrl, jsonObject, providerNamed, UsageError } from './usage.js';
import type { Provider } from './usage.js';

const MAX_COUNT = 1_000;
const SILENCE_MS = 60_000;
/** Of an answer, this is enough to see what is wrong. */
const MAX_ANSWER_BYTES = 2_048;

/** What every request of one command has in common. */
interface Sending {
  readonly provider: Provider;
  readonly type: string;
  readonly to: string;
  readonly signedUrl: string;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly data?: Buffer;
}

export async function send(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = argumentsOf(args, {
    one: ['to', 'secret', 'data', 'count', 'public-url', 'config'],
    many: ['header'],
    positionals: 2,
  });
  const [name, type] = positionals;
  if (name === undefined || type === undefined)
    throw new UsageError(
      'Say which provider and which type: posthorn send <provider> <type> --to URL --secret SECRET.',
    );
  const provider = providerNamed(name);
  const to = httpUrl('--to', values.to);
  if (!values.secret) throw new UsageError('--secret SECRET is missing: what the sender signs with.');
  const sending: Sending = {
    provider,
    type,
    to,
    signedUrl: values['public-url'] === undefined ? to : httpUrl('--public-url', values['public-url']),
    secret: values.secret,
    headers: headersOf(values.header ?? []),
    config: jsonObject('--config', values.config),
    data: values.data === undefined ? undefined : dataOf(values.data),
  };
  let failed = 0;
  for (let count = countOf(values.count ?? '1'); count > 0; count -= 1) if (!(await sendOne(sending, io))) failed += 1;
  return failed === 0 ? 0 : 1;
}

/** Sends one of them, says what was answered, and whether that was a success. */
async function sendOne(sending: Sending, io: Io): Promise<boolean> {
  const request = signed(sending);
  const startedAt = systemClock();
  const { status, body } = await ask(request.to, {
    method: 'POST',
    headers: request.headers,
    body: request.body,
    silenceMs: SILENCE_MS,
    signal: io.signal,
    maxBytes: MAX_ANSWER_BYTES,
  });
  io.out(`${status} ${body.toString().trim()} (${systemClock() - startedAt} ms)`);
  return status >= 200 && status < 300;
}

function signed({ provider, type, to, signedUrl, secret, headers, config, data }: Sending) {
  try {
    const sample = sampleWebhook(provider, type, { config });
    const request = signedRequest(provider, {
      secret,
      config,
      url: signedUrl,
      body: data ?? sample.body,
      headers: { ...sample.headers, ...contentTypeOf(sample, data), ...headers },
    });
    return { ...request, to: sentTo(to, signedUrl, request.url) };
  } catch (error) {
    const why = (error as Error).message.replace(/\.$/, '');
    throw new UsageError(`${why}. (A secret that ${provider} signs with is made by "posthorn secret ${provider}".)`);
  }
}

/** Twilio writes the digest of a body that is no form into the query of the URL. */
function sentTo(to: string, signedUrl: string, url: string): string {
  if (url === signedUrl) return to;
  const whole = new URL(to);
  whole.search = new URL(url).search;
  return whole.href;
}

/** What is plainly JSON is not sent as a form, though the sample may be one. */
const contentTypeOf = (sample: SampleWebhook, data: Buffer | undefined): Record<string, string> =>
  data && typeof sample.body === 'string' && /^\s*[{[]/.test(data.toString('latin1'))
    ? { 'content-type': 'application/json' }
    : {};

function dataOf(given: string): Buffer {
  if (!given.startsWith('@')) return Buffer.from(given);
  try {
    return readFileSync(given.slice(1));
  } catch (error) {
    throw new UsageError(`${given.slice(1)} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function headersOf(given: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const text of given) {
    const at = text.indexOf(':');
    const [name, value] = [text.slice(0, Math.max(0, at)).trim().toLowerCase(), text.slice(at + 1).trim()];
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new UsageError(`--header must be 'Name: value', not "${text}".`);
    }
    headers[name] = value;
  }
  return headers;
}

function countOf(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_COUNT) throw new UsageError(`--count must be 1 to ${MAX_COUNT}, not "${text}".`);
  return count;
}
