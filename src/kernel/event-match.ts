// Which webhooks an event reaches: the grammar of event types and of the patterns that subscribe to them.

/** Longest event type, in characters. */
export const MAX_EVENT_TYPE_LENGTH = 128;

/** Most patterns on one webhook. */
export const MAX_PATTERNS = 100;

/** Types that Posthorn itself dispatches begin with this; nobody else may. */
export const RESERVED_PREFIX = 'posthorn.';

const TYPE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** True for `order.completed`: ASCII words joined by dots, at most 128 characters, case-sensitive. */
export const isEventType = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_EVENT_TYPE_LENGTH && TYPE.test(text);

/** True for what a webhook may subscribe to: a type, a prefix `order.*`, or `*`. */
export function isEventPattern(text: unknown): text is string {
  if (text === '*') return true;
  if (typeof text !== 'string') return false;
  return isEventType(text.endsWith('.*') ? text.slice(0, -2) : text);
}

/**
 * Every pattern that matches a type: `a.b.c` is matched by `a.b.c`, `a.b.*`, `a.*` and `*`. SQL asks which webhooks
 * hold one of them. A reserved type is never matched by `*`: only a webhook that names it gets it.
 */
export function patternsMatching(type: string): string[] {
  const patterns = [type];
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1))
    patterns.push(`${type.slice(0, dot)}.*`);
  if (!type.startsWith(RESERVED_PREFIX)) patterns.push('*');
  return patterns;
}
