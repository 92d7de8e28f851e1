// Which HTTP answers are tried again, from how people write it: ['default', '404', '!501', '520-526'].

/** How many rules one list may hold. */
export const MAX_STATUS_RULES = 50;

// 2xx is success and 1xx is no answer at all: neither can be listed.
const FIRST = 300;
const LAST = 999;
const GONE = 410;

const DEFAULT_RULES = ['3xx', '408', '425', '429', '500-999'] as const;

interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * The statuses that a list of rules retries; `undefined` where the list is none.
 *
 * A rule is a status (`'404'`), a class (`'5xx'`), a range (`'520-526'`) or `'default'`, which stands for
 * `3xx, 408, 425, 429, 500-999`. A rule behind `!` takes statuses out again, wherever it stands; a list of nothing but
 * such rules is refused, because it would retry nothing. What no rule names is final. 410 says that the receiver is gone
 * for good, so only `'410'` itself lists it, and no class or range does.
 */
export function parseRetriedStatuses(rules: readonly string[]): ReadonlySet<number> | undefined {
  if (rules.length > MAX_STATUS_RULES) return undefined;
  const listed = rules.filter((rule) => !rule.startsWith('!'));
  const ranges = listed.flatMap((rule) => (rule === 'default' ? DEFAULT_RULES : [rule])).map(rangeOf);
  const excluded = rules.filter((rule) => rule.startsWith('!')).map((rule) => rangeOf(rule.slice(1)));
  if (![...ranges, ...excluded].every((range) => range !== undefined)) return undefined;
  if (listed.length === 0 && excluded.length > 0) return undefined;
  const statuses = new Set<number>();
  for (const { low, high } of ranges as Range[])
    for (let status = low; status <= high; status += 1) if (status !== GONE || low === high) statuses.add(status);
  for (const { low, high } of excluded as Range[])
    for (let status = low; status <= high; status += 1) statuses.delete(status);
  return statuses;
}

function rangeOf(rule: string): Range | undefined {
  const match = /^(?:([3-9])xx|(\d{3})(?:-(\d{3}))?)$/.exec(rule);
  if (!match) return undefined;
  const [, hundreds, first, last = first] = match;
  const [low, high] = hundreds ? [Number(`${hundreds}00`), Number(`${hundreds}99`)] : [Number(first), Number(last)];
  return low >= FIRST && high <= LAST && low <= high ? { low, high } : undefined;
}
