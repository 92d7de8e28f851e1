// What a filter becomes once it is read.

/** The part of a filter that an event does not meet. */
export interface FailedClause {
  /** Where it stands in the filter, such as `data.total.$gte`. */
  readonly clause: string;
  /** What stands there; null where it is not one value. */
  readonly expected: unknown;
}

/** Steps that judging one event may take: a filter that looks at more matches nothing. */
export const MAX_STEPS = 20_000;

/** What is left of the steps. */
interface Budget {
  left: number;
}

/** Judges a value: the clause that it does not meet, if any. Absent values are `undefined`. */
export type Judge = (value: unknown, budget: Budget) => FailedClause | undefined;

/** Thrown through the judges, always the same one: its stack is taken once. */
export const SPENT = new Error('A filter has taken all its steps.');
