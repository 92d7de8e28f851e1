// When a webhook that only fails is disabled, from how people write it.
import { formatDuration, parseDuration } from './duration.js';

/** After this long *and* this many failed attempts, without a success between. */
export interface AutoDisableRule {
  readonly afterMs: number;
  readonly attempts: number;
}

/** The rule that a text such as `'5d,20'` stands for; `false` for `'off'`, `undefined` where it is neither. */
export function parseAutoDisable(text: string): AutoDisableRule | false | undefined {
  if (text === 'off') return false;
  const [span, count, ...rest] = text.split(',').map((part) => part.trim());
  const afterMs = parseDuration(span ?? '');
  const attempts = /^[1-9]\d{0,5}$/.test(count ?? '') ? Number(count) : undefined;
  return afterMs === undefined || attempts === undefined || rest.length > 0 ? undefined : { afterMs, attempts };
}

/** The text that {@link parseAutoDisable} reads. */
export const formatAutoDisable = (rule: AutoDisableRule | false): string =>
  rule ? `${formatDuration(rule.afterMs)},${rule.attempts}` : 'off';
