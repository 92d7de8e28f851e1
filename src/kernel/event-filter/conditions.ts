// What can be asked of one value. Types are never converted: "5" is no number. Of a list, one element is enough; $ne and
// $nin are the opposites of $eq and $in, so no element may be it, and what is absent is not it.

type Scalar = string | number | boolean | null;
type Meets = (value: unknown) => boolean;

interface Condition {
  /** Whether this may be asked for. */
  readonly takes: (expected: unknown) => boolean;
  /** What may; follows the path in a refusal. */
  readonly sentence: string;
  /** Asked with what it takes. */
  of(expected: unknown): Meets;
}

const MAX_LIST = 100;

export const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

const isOrdered = (value: unknown): boolean => typeof value === 'string' || Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= MAX_LIST && value.every(isScalar);

const SCALAR = 'must be a string, a number, a boolean or null';
const ORDERED = 'must be a number or a string';
const TEXT = 'must be a string that is not empty';
const LIST = `must be a list of 1 to ${MAX_LIST} strings, numbers, booleans or nulls`;

/** The value, or an element of it. */
const some =
  (meets: Meets): Meets =>
  (value) =>
    Array.isArray(value) ? value.some(meets) : meets(value);

const not =
  (meets: Meets): Meets =>
  (value) =>
    !meets(value);

/** Numbers are compared with numbers and strings with strings, these by their UTF-16 code units: times of ISO 8601 in one zone are in order. */
const compared = (compare: (a: string | number, b: string | number) => boolean): Condition => ({
  takes: isOrdered,
  sentence: ORDERED,
  of: (expected: string | number) =>
    some((value) => typeof value === typeof expected && compare(value as string | number, expected)),
});

const text = (meets: (value: string, expected: string) => boolean): Condition => ({
  takes: isText,
  sentence: TEXT,
  of: (expected: string) => some((value) => typeof value === 'string' && meets(value, expected)),
});

const isEqual = (expected: Scalar): Meets => some((value) => value === expected);
const isIn = (expected: readonly Scalar[]): Meets => {
  const set = new Set<unknown>(expected);
  return some((value) => set.has(value));
};

/** Every condition, by its name in a filter. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  $eq: { takes: isScalar, sentence: SCALAR, of: isEqual },
  $ne: { takes: isScalar, sentence: SCALAR, of: (expected: Scalar) => not(isEqual(expected)) },
  $gt: compared((a, b) => a > b),
  $gte: compared((a, b) => a >= b),
  $lt: compared((a, b) => a < b),
  $lte: compared((a, b) => a <= b),
  $in: { takes: isList, sentence: LIST, of: isIn },
  $nin: { takes: isList, sentence: LIST, of: (expected: readonly Scalar[]) => not(isIn(expected)) },
  $startsWith: text((value, expected) => value.startsWith(expected)),
  $endsWith: text((value, expected) => value.endsWith(expected)),
  $exists: {
    takes: (expected) => typeof expected === 'boolean',
    sentence: 'must be true or false',
    of: (expected: boolean) => (value) => (value !== undefined) === expected,
  },
};
