// How people write spans of time in settings and in webhook policies ('200ms', '10s', '24h'); code holds milliseconds.

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span of time as people write it: a whole or decimal number and one of `ms`, `s`, `m`, `h`, `d`. */
export type Duration = `${number}${keyof typeof UNITS}`;

/** Milliseconds of a duration such as `'10s'`; `undefined` where the text is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
}

/** The shortest exact way to write a span: `90_000` is `'90s'`. */
export function formatDuration(ms: number): Duration {
  for (const unit of ['d', 'h', 'm', 's'] as const)
    if (ms > 0 && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  return `${ms}ms`;
}
