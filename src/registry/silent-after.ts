// When a source counts as silent, as people write it: after a duration (`2h`), or after so many times its usual gap (`5x`).
import { formatDuration, parseDuration } from '../kernel/duration.js';
import type { Source } from './source.entity.js';

type Columns = Pick<Source, 'silentAfterSeconds' | 'silentAfterGaps'>;

const MIN_SECONDS = 60;
const MAX_SECONDS = 2_592_000;
const MIN_GAPS = 2;
const MAX_GAPS = 100;

/** A duration from a minute to 30 days, or 2 to 100 usual gaps; `undefined` where it is neither. */
function parse(text: string): Columns | undefined {
  const gaps = Number(/^([1-9]\d{0,2})x$/.exec(text)?.[1]);
  if (gaps >= MIN_GAPS && gaps <= MAX_GAPS) return { silentAfterSeconds: MIN_SECONDS, silentAfterGaps: gaps };
  const seconds = Math.round((parseDuration(text) ?? Number.NaN) / 1_000);
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return { silentAfterSeconds: seconds, silentAfterGaps: null };
  return undefined;
}

export const isSilentAfter = (value: unknown): boolean => typeof value === 'string' && parse(value) !== undefined;

/** The columns of what `isSilentAfter`; null is never. */
export const silentAfterColumns = (text: string | null): Columns =>
  (text === null ? undefined : parse(text)) ?? { silentAfterSeconds: null, silentAfterGaps: null };

export function silentAfterOf({ silentAfterSeconds, silentAfterGaps }: Columns): string | null {
  if (silentAfterGaps !== null) return `${silentAfterGaps}x`;
  return silentAfterSeconds === null ? null : formatDuration(silentAfterSeconds * 1_000);
}
