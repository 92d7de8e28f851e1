// A webhook as the form holds it: text, until it is sent. What is secret is not in it unless somebody typed it just now.
import { formatDuration, parseDuration } from '../../../../src/kernel/duration';
import { NAMED_SCHEDULES } from '../../../../src/kernel/retry-schedule';
import type { AuthenticationView, AutoDisable, Guarantee, PayloadFormat, Webhook } from '../../api/types';

export interface Draft {
  readonly url: string;
  readonly events: string;
  readonly description: string;
  readonly format: PayloadFormat;
  /** JSON, or empty. */
  readonly filter: string;
  /** JSONata, or empty. */
  readonly transformation: string;
  readonly authentication: AuthenticationDraft;
  readonly headers: HeadersDraft;
  readonly maxInFlight: string;
  readonly rateMax: string;
  readonly ratePerSeconds: string;
  readonly ordered: boolean;
  /** A name of {@link NAMED_SCHEDULES}; `own`: as `retryWaits` says; empty: as the installation says. */
  readonly retrySchedule: string;
  readonly retryWaits: string;
  readonly retryStatuses: string;
  readonly retryJitter: string;
  readonly maxRetryWait: string;
  readonly timeout: string;
  readonly expiresAfter: string;
  readonly guarantee: Guarantee;
  readonly autoDisable: '' | 'never' | 'own';
  readonly disableAfter: string;
  readonly disableAttempts: string;
  /** Only of a new webhook: the secrets of one that is there are rotated instead. */
  readonly signatureScheme: 'hmac' | 'ed25519';
  readonly secret: string;
}

/** `keep`: as it is stored, which is never shown. */
export interface AuthenticationDraft {
  readonly type: 'keep' | 'none' | 'basic' | 'bearer' | 'oauth2' | 'mtls' | 'tls';
  readonly values: Readonly<Record<string, string>>;
  /** What is stored. */
  readonly stored: AuthenticationView | null;
}

export interface HeadersDraft {
  readonly keep: boolean;
  /** A header a line, `Name: value`. */
  readonly lines: string;
  /** Names of what is stored; null: nothing opens it. */
  readonly stored: readonly string[] | null;
}

export const NEW: Draft = {
  url: '',
  events: '',
  description: '',
  format: 'native',
  filter: '',
  transformation: '',
  authentication: { type: 'none', values: {}, stored: null },
  headers: { keep: false, lines: '', stored: [] },
  maxInFlight: '',
  rateMax: '',
  ratePerSeconds: '',
  ordered: false,
  retrySchedule: '',
  retryWaits: '',
  retryStatuses: '',
  retryJitter: '',
  maxRetryWait: '',
  timeout: '',
  expiresAfter: '',
  guarantee: 'at-least-once',
  autoDisable: '',
  disableAfter: '',
  disableAttempts: '',
  signatureScheme: 'hmac',
  secret: '',
};

export function draftOf(webhook: Webhook): Draft {
  const { authentication, headers, rateLimit, retrySchedule, autoDisable } = webhook;
  const text = (value: number | null): string => (value === null ? '' : String(value));
  const span = (ms: number | null): string => (ms === null ? '' : formatDuration(ms));
  return {
    ...NEW,
    url: webhook.url,
    events: webhook.events.join(', '),
    description: webhook.description ?? '',
    format: webhook.format,
    filter: webhook.filter === null ? '' : JSON.stringify(webhook.filter, null, 2),
    transformation: webhook.transformation ?? '',
    authentication: { type: authentication ? 'keep' : 'none', values: {}, stored: authentication },
    headers: { keep: headers === null || headers.length > 0, lines: '', stored: headers },
    maxInFlight: text(webhook.maxInFlight),
    rateMax: text(rateLimit?.max ?? null),
    ratePerSeconds: text(rateLimit?.perSeconds ?? null),
    ordered: webhook.ordered,
    retrySchedule: retrySchedule === null ? '' : nameOf(retrySchedule),
    retryWaits: retrySchedule?.join(', ') ?? '',
    retryStatuses: webhook.retryStatuses?.join(', ') ?? '',
    retryJitter: text(webhook.retryJitter),
    maxRetryWait: span(webhook.maxRetryWaitMs),
    timeout: span(webhook.timeoutMs),
    expiresAfter: webhook.expiresAfter ?? '',
    guarantee: webhook.guarantee,
    autoDisable: autoDisable === null ? '' : autoDisable === false ? 'never' : 'own',
    disableAfter: autoDisable ? autoDisable.after : '',
    disableAttempts: autoDisable ? String(autoDisable.attempts) : '',
  };
}

/** Everything the API takes of a webhook that is changed. What is kept is not named, so that it stays. */
export function fieldsOf(draft: Draft): object {
  const { authentication, headers } = draft;
  return {
    url: draft.url.trim(),
    events: listOf(draft.events),
    description: draft.description.trim() || null,
    format: draft.format,
    filter: jsonOf(draft.filter),
    transformation: draft.transformation.trim() || null,
    ...(authentication.type !== 'keep' && { authentication: authenticationOf(authentication) }),
    ...(!headers.keep && { headers: headersOf(headers.lines) }),
    maxInFlight: numberOf(draft.maxInFlight),
    rateLimit:
      draft.rateMax.trim() === '' && draft.ratePerSeconds.trim() === ''
        ? null
        : { max: numberOf(draft.rateMax), perSeconds: numberOf(draft.ratePerSeconds) },
    ordered: draft.ordered,
    retrySchedule: draft.retrySchedule === 'own' ? listOf(draft.retryWaits) : draft.retrySchedule || null,
    retryStatuses: draft.retryStatuses.trim() === '' ? null : listOf(draft.retryStatuses),
    retryJitter: numberOf(draft.retryJitter),
    maxRetryWaitMs: spanOf(draft.maxRetryWait),
    timeoutMs: spanOf(draft.timeout),
    expiresAfter: draft.expiresAfter.trim() || null,
    guarantee: draft.guarantee,
    autoDisable: autoDisableOf(draft),
  };
}

/** The same of a new webhook. */
export const newFieldsOf = (draft: Draft): object => ({
  ...fieldsOf(draft),
  signatureScheme: draft.signatureScheme,
  ...(draft.secret.trim() !== '' && { secret: draft.secret.trim() }),
});

/** JSON as a value, null of nothing; `undefined` where it is none. */
export function jsonOf(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** What is no number goes as it was typed: the API says what it should be. */
const numberOf = (text: string): number | string | null => {
  if (text.trim() === '') return null;
  return Number.isNaN(Number(text)) ? text : Number(text);
};

const spanOf = (text: string): number | string | null =>
  text.trim() === '' ? null : (parseDuration(text.trim()) ?? text);

function nameOf(waits: readonly string[]): string {
  const named = [...NAMED_SCHEDULES].find(([, each]) => each.join() === waits.join());
  return named?.[0] ?? 'own';
}

function authenticationOf({ type, values }: AuthenticationDraft): object | null {
  if (type === 'none') return null;
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  // An empty user is one too.
  return { type, ...(type === 'basic' && { username: '' }), ...given };
}

function headersOf(lines: string): Record<string, string> | null {
  const entries = lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const colon = line.includes(':') ? line.indexOf(':') : line.length;
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    });
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

function autoDisableOf({ autoDisable, disableAfter, disableAttempts }: Draft): AutoDisable | object | null {
  if (autoDisable === '') return null;
  return autoDisable === 'own' && { after: disableAfter.trim(), attempts: numberOf(disableAttempts) };
}
