// Any sender that signs by HMAC, described by the source's config: for the many that are not built in.
import { parseBase64, parseHex } from '../../kernel/signatures/encoding.js';
import { MAC_BYTES } from '../../kernel/signatures/hmac.js';
import type { HashAlgorithm } from '../../kernel/signatures/hmac.js';
import type { Secret } from '../../kernel/secret.js';
import { builtIn } from './built-in.js';
import type { BuiltInProvider } from './built-in.js';
import { base64, hex, oneSignature, reader, withTime } from './claims.js';
import { configured, configuredProblem } from './configured.js';
import { headerOf } from './provider.js';
import { macOf, signedUrl, urlProblem, verifying } from './scheme.js';
import type { Message, Scheme, TimeUnit } from './scheme.js';

type Config = Readonly<Record<string, unknown>>;

const PLACEHOLDER = /\{(body|timestamp|method|url|header:[A-Za-z0-9-]+)\}/;
const HEADER_NAME = /^[A-Za-z0-9-]{1,100}$/;

const CHOICES = {
  algorithm: ['sha256', 'sha1', 'sha512'],
  encoding: ['hex', 'base64'],
  timestampUnit: ['s', 'ms', 'iso'],
  secretEncoding: ['text', 'hex', 'base64'],
} as const;
type Choice = keyof typeof CHOICES;

/** The value of a setting that is one of a few; the first is the default. */
const chosen = <Name extends Choice>(config: Config, name: Name): (typeof CHOICES)[Name][number] =>
  (config[name] ?? CHOICES[name][0]) as (typeof CHOICES)[Name][number];

const text = (config: Config, name: string, fallback = ''): string =>
  typeof config[name] === 'string' ? config[name] : fallback;

const templateOf = (config: Config): string => {
  const standard = config.timestampHeader === undefined ? '{body}' : '{timestamp}.{body}';
  return text(config, 'template', standard);
};

function problemOf(_secrets: readonly Secret[], config: Config): string | undefined {
  if (!HEADER_NAME.test(text(config, 'header'))) return 'config.header must name the header with the signature.';
  if (config.timestampHeader !== undefined && !HEADER_NAME.test(text(config, 'timestampHeader')))
    return 'config.timestampHeader must name a header.';
  for (const [name, allowed] of Object.entries(CHOICES))
    if (config[name] !== undefined && !(allowed as readonly unknown[]).includes(config[name]))
      return `config.${name} must be one of ${allowed.join(', ')}.`;
  for (const name of ['prefix', 'template'])
    if (config[name] !== undefined && typeof config[name] !== 'string') return `config.${name} must be a text.`;
  const template = templateOf(config);
  if (!template.includes('{body}')) return 'config.template must contain {body}.';
  if (template.includes('{timestamp}') !== (config.timestampHeader !== undefined))
    return 'config.template must contain {timestamp} if, and only if, there is a config.timestampHeader.';
  const left = template.split(PLACEHOLDER).filter((_part, at) => at % 2 === 0);
  if (left.some((part) => /[{}]/.test(part))) return 'config.template has a placeholder that is not known.';
  return urlProblem?.([], config) ?? configuredProblem(config);
}

/** The parts of the template, each resolved against the request. */
function messageOf(config: Config): Message {
  // Odd ones are placeholders, even ones are text between them.
  const parts = templateOf(config).split(PLACEHOLDER);
  return ({ time = '' }, request, source) => {
    const resolved = parts.map((part, at) => {
      if (at % 2 === 0) return part;
      if (part === 'body') return request.body;
      if (part === 'timestamp') return time;
      if (part === 'method') return request.method;
      if (part === 'url') return signedUrl(request, source);
      return headerOf(request.headers, part.slice('header:'.length).toLowerCase()) ?? undefined;
    });
    const known = resolved.filter((part) => part !== undefined);
    return known.length === parts.length ? known : undefined;
  };
}

function keyOf(secret: Secret, encoding: 'text' | 'hex' | 'base64'): string | Buffer | undefined {
  const value = secret.reveal();
  if (encoding === 'text') return value;
  return encoding === 'hex' ? parseHex(value.toLowerCase(), value.length / 2) : parseBase64(value);
}

function schemeOf(config: Config): Scheme {
  const algorithm: HashAlgorithm = chosen(config, 'algorithm');
  const bytes = MAC_BYTES[algorithm];
  const decode = chosen(config, 'encoding') === 'hex' ? hex(bytes) : base64(bytes);
  const signature = oneSignature(text(config, 'header'), decode, text(config, 'prefix'));
  const timeHeader = text(config, 'timestampHeader');
  const unit: TimeUnit = chosen(config, 'timestampUnit');
  const secretEncoding = chosen(config, 'secretEncoding');
  return {
    read: timeHeader === '' ? signature : withTime(timeHeader, signature, { iso: unit === 'iso' }),
    check: macOf(algorithm, messageOf(config), (secret) => keyOf(secret, secretEncoding)),
    ...(timeHeader !== '' && { time: { unit, toleranceSeconds: 300 } }),
  };
}

const declared = builtIn({
  name: 'hmac',
  title: 'Any sender that signs by HMAC',
  page: 'https://www.rfc-editor.org/rfc/rfc2104',
  secret: 'Whatever the sender signs with',
  config: 'see [below](#a-sender-that-is-not-in-the-table)',
  scheme: { read: reader(['config.header'], () => 'malformed'), check: () => false },
  sendsJson: false,
  ...configured,
  problemOf,
});

/** Any sender that signs by HMAC: where its signature stands, and what is signed, the config says. */
export const hmacProvider: BuiltInProvider = {
  ...declared,
  verify: (request, secrets, nowMs, source = {}) => {
    const { config = {} } = source;
    // Nothing holds for a source that is set up wrongly; the log says what is wrong with it.
    if (problemOf(secrets, config) !== undefined) return { ok: false, reason: 'malformed' };
    return verifying(schemeOf(config))(request, secrets, nowMs, source);
  },
  secretHeaders: (config: Config) => [text(config, 'header').toLowerCase()],
};
