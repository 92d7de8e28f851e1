// Array parameters for unnest. The driver would write every array as one text in which each element is escaped, and
// PostgreSQL would read it character by character: for a batch of payloads, most of what it costs both of them.

/**
 * An array literal of values that need no escaping: numbers, ids, instants in ISO 8601, our own snake_case words.
 * Never for text that a client or a receiver wrote: a comma or a brace would shift the columns, and `null` be none.
 */
export const plainArray = (values: readonly (string | number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

/** A `text[]` of any text, in PostgreSQL's binary form: nothing to escape. */
export const textArray = (values: readonly (string | null)[]): Buffer => binaryArray(TEXT, values);

/** A `bytea[]`, in the same form; of a string, its UTF-8. */
export const bytesArray = (values: readonly (string | Buffer | null)[]): Buffer => binaryArray(BYTEA, values);

/** OIDs of types: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const BYTEA = 17;
const TEXT = 25;

const INT = 4;
/** Dimensions, whether there are NULLs, type; of the one dimension, how many elements and the number of the first. */
const HEADER = 5 * INT;

/**
 * As `array_recv` reads it: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/arrayfuncs.c
 * The driver sends what is a Buffer as a parameter in binary form.
 */
function binaryArray(type: number, values: readonly (string | Buffer | null)[]): Buffer {
  const sizes = values.map((value) => (value === null ? 0 : Buffer.byteLength(value)));
  const array = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + INT + size, HEADER));
  let at = 0;
  for (const int of [1, values.includes(null) ? 1 : 0, type, values.length, 1]) at = array.writeInt32BE(int, at);
  values.forEach((value, index) => {
    const size = sizes[index] as number;
    at = array.writeInt32BE(value === null ? -1 : size, at);
    if (typeof value === 'string') array.write(value, at, size);
    else value?.copy(array, at);
    at += size;
  });
  return array;
}
