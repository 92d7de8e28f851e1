// Where a sender puts the id, the type and the time of what it sends. Each place also says in words where it looks, so that
// the documentation is made from what is done.
import { bodyId, fieldOf, headerOf } from './provider.js';
import type { SourceOptions, WebhookRequest } from './provider.js';

/** A place in a request. */
export interface Place {
  /** For people: `X-GitHub-Delivery`, `data.id`. */
  readonly says: string;
  of(request: WebhookRequest, data: unknown, source: SourceOptions): string | undefined;
}

/** A moment in a request. */
export interface Moment {
  of(request: WebhookRequest, data: unknown): Date | undefined;
}

/** Later than this, a number is no date of an event but junk that PostgreSQL or JSON could not hold. */
const MAX_EPOCH_MS = 4_102_444_800_000;

const scalar = (value: unknown): string | undefined => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const pathText = (path: readonly (string | number)[]): string => path.join('.');

/** A header's value. */
export const header = (name: string): Place => ({
  says: `\`${name}\``,
  of: ({ headers }) => headerOf(headers, name.toLowerCase()) ?? undefined,
});

/** A text or whole number in the body. */
export const field = (...path: readonly (string | number)[]): Place => ({
  says: `\`${pathText(path)}\``,
  of: (_request, data) => scalar(fieldOf(data, path)),
});

/** A word of ours, where the sender has none. */
export const always = (text: string): Place => ({ says: `“${text}”`, of: () => text });

/** The first of these places where there is something. */
export const firstOf = (...places: readonly Place[]): Place => ({
  says: places.map(({ says }) => says).join(', else '),
  of: (request, data, source) => {
    for (const place of places) {
      const text = place.of(request, data, source);
      if (text !== undefined) return text;
    }
    return undefined;
  },
});

/** The first place and what the others add to it, each where it has something; nothing where the first has nothing. */
export const joined = (separator: string, first: Place, ...rest: readonly Place[]): Place => ({
  says: [first, ...rest].map(({ says }) => says).join(` ${separator} `),
  of: (request, data, source) => {
    const start = first.of(request, data, source);
    if (start === undefined) return undefined;
    const more = rest.map((place) => place.of(request, data, source)).filter((text) => text !== undefined);
    return [start, ...more].join(separator);
  },
});

/**
 * The id of a batch: a digest of what tells its items apart. For senders that put many events into one request, and
 * change other members of it when they send it again.
 */
export const itemsOf = (...names: readonly string[]): Place => ({
  says: `a digest of every item’s ${names.map((name) => `\`${name}\``).join(', ')}`,
  of: (_request, data) => {
    if (!Array.isArray(data) || data.length === 0) return undefined;
    const ids = data.map((item) => names.map((name) => scalar(fieldOf(item, [name]))));
    return ids.some(([first]) => first === undefined) ? undefined : bodyId(JSON.stringify(ids));
  },
});

/** A time in the body: unix seconds, unix milliseconds, or ISO 8601. */
export const moment = (unit: 's' | 'ms' | 'iso', ...path: readonly (string | number)[]): Moment => ({
  of: (_request, data) => momentOf(fieldOf(data, path), unit),
});

/** The first of these moments that is one. */
export const firstMoment = (...moments: readonly Moment[]): Moment => ({
  of: (request, data) => {
    for (const each of moments) {
      const date = each.of(request, data);
      if (date) return date;
    }
    return undefined;
  },
});

/** A time in a header, ISO 8601. */
export const headerMoment = (name: string): Moment => ({
  of: ({ headers }) => momentOf(headerOf(headers, name.toLowerCase()), 'iso'),
});

function momentOf(value: unknown, unit: 's' | 'ms' | 'iso'): Date | undefined {
  if (unit === 'iso') return typeof value === 'string' ? plausible(Date.parse(value)) : undefined;
  return typeof value === 'number' && Number.isInteger(value)
    ? plausible(unit === 's' ? value * 1_000 : value)
    : undefined;
}

/** A date, unless it is none that a sender could mean. */
export const plausible = (ms: number): Date | undefined =>
  Number.isInteger(ms) && ms > 0 && ms < MAX_EPOCH_MS ? new Date(ms) : undefined;
