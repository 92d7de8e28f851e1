// The kinds of value a setting may have: how each is read from text (environment) and from code (module options).
import { parseNetwork } from '../../kernel/address-ranges.js';
import { parseAutoDisable } from '../../kernel/auto-disable.js';
import type { AutoDisableRule } from '../../kernel/auto-disable.js';
import { formatDuration, parseDuration } from '../../kernel/duration.js';
import { parseRetriedStatuses } from '../../kernel/retried-statuses.js';
import { parseRetrySchedule } from '../../kernel/retry-schedule.js';
import { Secret } from '../../kernel/secret.js';

/** How one kind of setting is read. `read` throws an Error whose text completes the sentence "NAME must be …". */
export interface Kind<Input, Value> {
  readonly expects: string;
  read(input: Input | string): Value;
}

/** A duration: its value is in milliseconds, so the settings type adds `Ms` to its name. */
export interface DurationKind extends Kind<string, number> {
  readonly isDuration: true;
}

function kind<Input, Value>(expects: string, read: (input: Input | string) => Value | undefined): Kind<Input, Value> {
  return {
    expects,
    read: (input) => {
      const value = read(input);
      if (value === undefined) throw new Error(expects);
      return value;
    },
  };
}

export const text: Kind<string, string> = kind('text', (input) => input);

export const secretText = (minLength: number): Kind<string, Secret> =>
  kind(`at least ${minLength} characters`, (input) => (input.length >= minLength ? new Secret(input) : undefined));

export const flag: Kind<boolean, boolean> = kind('true or false', (input) =>
  input === true || input === 'true' ? true : input === false || input === 'false' ? false : undefined,
);

export const integer = (min: number, max: number): Kind<number, number> =>
  kind(`a whole number from ${min} to ${max}`, (input) => {
    const value = typeof input === 'number' ? input : /^\d{1,15}$/.test(input) ? Number(input) : Number.NaN;
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  });

export const oneOf = <const Name extends string>(...names: readonly Name[]): Kind<Name, Name> =>
  kind(`one of ${names.join(', ')}`, (input) => names.find((name) => name === input));

export const duration = (min: string, max: string): DurationKind => {
  const [low, high] = [parseDuration(min) ?? 0, parseDuration(max) ?? Number.MAX_SAFE_INTEGER];
  return {
    isDuration: true,
    ...kind<string, number>(
      `a duration from ${min} to ${max}, such as ${formatDuration(Math.min(10_000, high))}`,
      (input) => {
        const ms = parseDuration(input);
        return ms !== undefined && ms >= low && ms <= high ? ms : undefined;
      },
    ),
  };
};

const split = (input: string | readonly string[]): string[] =>
  (typeof input === 'string' ? input.split(',') : [...input]).map((part) => part.trim()).filter((part) => part !== '');

export const networks: Kind<readonly string[], readonly string[]> = kind(
  'networks in CIDR notation separated by commas, such as 10.1.0.0/16',
  (input) => {
    const entries = split(input);
    try {
      entries.forEach(parseNetwork);
      return entries;
    } catch {
      return undefined;
    }
  },
);

export const secretList: Kind<string | readonly string[], readonly Secret[]> = kind(
  'secrets separated by commas',
  (input) => split(input).map((part) => new Secret(part)),
);

/** A source as settings declare it: what `POST /api/sources` takes. */
export interface SourceInput {
  readonly name: string;
  readonly provider: string;
  /** The one in use first. */
  readonly secrets: readonly string[];
  readonly [setting: string]: unknown;
}

/** A declared source as code reads it; its other members are judged by whoever makes it. */
export type DeclaredSource = Omit<SourceInput, 'secrets'> & { readonly secrets: readonly Secret[] };

export const sourceList: Kind<readonly SourceInput[], readonly DeclaredSource[]> = kind(
  'a JSON list of sources, each with name, provider and secrets',
  (input) => {
    // What JSON.parse throws would show the text, and secrets with it; `readSettings` shows none of it.
    const entries: unknown = typeof input === 'string' ? JSON.parse(input) : input;
    return Array.isArray(entries) && entries.every(isSourceInput)
      ? entries.map(({ secrets, ...rest }) => ({ ...rest, secrets: secrets.map((text) => new Secret(text)) }))
      : undefined;
  },
);

const isSourceInput = (value: unknown): value is SourceInput =>
  typeof value === 'object' &&
  value !== null &&
  Array.isArray((value as SourceInput).secrets) &&
  (value as SourceInput).secrets.every((text) => typeof text === 'string' && text !== '');

export const retrySchedule: Kind<string | readonly string[], readonly number[]> = kind(
  'durations separated by commas, such as 1s,5s,30s, or one of default, standard',
  (input) =>
    typeof input === 'string'
      ? (parseRetrySchedule(input) ?? parseRetrySchedule(split(input)))
      : parseRetrySchedule(input),
);

export const encryptionKeys: Kind<string | readonly string[], readonly Secret[]> = kind(
  'base64 of 32 bytes (or several separated by commas, the first of which encrypts)',
  (input) => {
    const keys = split(input);
    return keys.length > 0 && keys.every((key) => Buffer.from(key, 'base64').length === 32)
      ? keys.map((key) => new Secret(key))
      : undefined;
  },
);

export const url = (...protocols: readonly string[]): Kind<string, string> =>
  kind(`a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`, (input) =>
    URL.canParse(input) && protocols.includes(new URL(input).protocol) ? input : undefined,
  );

const ANCESTOR = /^(?:self|https?:\/\/(?:\*\.)?[a-z0-9.-]+(?::\d{1,5})?)$/i;

export const frameAncestors: Kind<string | readonly string[], readonly string[]> = kind(
  'none, or self and origins such as https://app.example.com or https://*.example.com, separated by commas',
  (input) => {
    const origins = split(input);
    if (origins.length === 1 && origins[0] === 'none') return [];
    return origins.length > 0 && origins.every((origin) => ANCESTOR.test(origin)) ? origins : undefined;
  },
);

/** RFC 1929, 2: their lengths are one byte each. */
const MAX_SOCKS_WORD_BYTES = 255;

export const proxyUrl: Kind<string, string> = kind(
  'a URL that begins with http://, https://, socks5:// or socks5h://, such as http://proxy.internal:3128 (for SOCKS5, user and password have at most 255 bytes each)',
  (input) => {
    const url = URL.canParse(input) ? new URL(input) : undefined;
    if (!url || !['http:', 'https:', 'socks5:', 'socks5h:'].includes(url.protocol) || url.hostname === '')
      return undefined;
    const most = url.protocol.startsWith('socks') ? MAX_SOCKS_WORD_BYTES : Number.MAX_SAFE_INTEGER;
    return [url.username, url.password].every((part) => decodedBytes(part) <= most) ? input : undefined;
  },
);

/** How many bytes are sent for a part of a URL; more than any, where it cannot be decoded. */
function decodedBytes(part: string): number {
  try {
    return Buffer.byteLength(decodeURIComponent(part));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export const autoDisable: Kind<AutoDisableRule | false, AutoDisableRule | false> = kind(
  'a duration and a number of attempts, such as 5d,20, or off',
  (input) => (typeof input === 'string' ? parseAutoDisable(input) : input),
);

export const share: Kind<number, number> = kind('a number from 0 to 1', (input) => {
  const value = typeof input === 'number' ? input : /^\d(?:\.\d{1,6})?$/.test(input) ? Number(input) : Number.NaN;
  return value >= 0 && value <= 1 ? value : undefined;
});

export const retriedStatuses: Kind<string | readonly string[], ReadonlySet<number>> = kind(
  'statuses, classes such as 5xx and ranges such as 520-526 from 300 to 999, or default, separated by commas; ! in front takes out',
  (input) => parseRetriedStatuses(split(input)),
);
