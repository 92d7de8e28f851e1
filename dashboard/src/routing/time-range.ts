// The span of time that a page looks at, in its address: `range=24h`, or `since` and `until`.

export const RANGES = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;

export type Range = (typeof RANGES)[number];

export interface Span {
  readonly since?: string;
  readonly until?: string;
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const msOf = (range: Range): number => Number.parseInt(range, 10) * UNIT_MS[range.slice(-1) as keyof typeof UNIT_MS];

export const isRange = (text: string | null): text is Range => RANGES.includes(text as Range);

/** @param fallback - What is looked at where the address says nothing; `undefined`: all of it. */
export function spanOf(params: URLSearchParams, fallback?: Range, now = Date.now()): Span {
  const range = params.get('range');
  if (isRange(range)) return { since: new Date(now - msOf(range)).toISOString() };
  const [since, until] = [instantOf(params.get('since')), instantOf(params.get('until'))];
  if (since !== undefined || until !== undefined) return { since, until };
  return fallback === undefined ? {} : { since: new Date(now - msOf(fallback)).toISOString() };
}

function instantOf(text: string | null): string | undefined {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** An instant as `<input type="datetime-local">` has it, in the reader's own time. */
export function localText(instant: string | undefined): string {
  if (instant === undefined) return '';
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The instant of what such an input holds. */
export const instantOfLocal = (text: string): string | undefined => instantOf(text || null);
