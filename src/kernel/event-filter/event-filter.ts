// Which events a webhook takes, beyond their type: a small language over event, data and tags, in which tenants write what
// we run. Nothing of theirs becomes code or a regular expression, and what judging one event may cost has a bound.
import { MAX_STEPS, SPENT } from './judge.js';
import type { FailedClause, Judge } from './judge.js';
import { readFilter } from './reader.js';

/** Most tags of an event. */
export const MAX_TAGS = 10;

const TAG = /^[A-Za-z0-9_.:/@=+-]{1,64}$/;

/** True for `wholesale` and `region:eu`: 1 to 64 letters, digits and `_ . : / @ = + -`. */
export const isTag = (text: unknown): text is string => typeof text === 'string' && TAG.test(text);

export type { FailedClause } from './judge.js';

/** A filter, as JSON. */
export type FilterInput = object;

/** What a filter sees of an event. */
export interface FilteredEvent {
  readonly event: string;
  readonly data: unknown;
  readonly tags: readonly string[];
}

const TOO_COSTLY: FailedClause = { clause: '', expected: `at most ${MAX_STEPS} steps` };

/** A filter that can be asked. */
export class EventFilter {
  private constructor(private readonly judge: Judge) {}

  /** The filter, or what is wrong with it, each with its path. */
  static read(input: unknown): EventFilter | readonly string[] {
    const judge = readFilter(input);
    return typeof judge === 'function' ? new EventFilter(judge) : judge;
  }

  /** A filter that was accepted once, by this version or an earlier one. */
  static accepted(input: unknown): EventFilter {
    const filter = EventFilter.read(input);
    // It cannot be asked any more, so it takes nothing: what was meant to be kept away must not go out.
    return filter instanceof EventFilter ? filter : new EventFilter(() => ({ clause: '', expected: filter[0] }));
  }

  /** The clause that the event does not meet; `undefined` where it meets all. */
  failed(event: FilteredEvent): FailedClause | undefined {
    try {
      return this.judge(event, { left: MAX_STEPS });
    } catch (error) {
      if (error === SPENT) return TOO_COSTLY;
      throw error;
    }
  }
}
