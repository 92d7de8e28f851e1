// Array parameters for unnest. The driver escapes every element of an array, whatever it holds; for the many columns
// whose values cannot need it, that is most of what a batch costs this process.

/**
 * An array literal of values that need no escaping: numbers, ids, instants in ISO 8601, our own snake_case words.
 * Never for text that a client or a receiver wrote: a comma or a brace would shift the columns, and `null` be none.
 */
export const plainArray = (values: readonly (string | number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;
