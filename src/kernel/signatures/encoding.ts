// Signatures as text. Node's decoders stop silently at junk and take several spellings of the same bytes; these take one.

/** Reads the text of a signature; `undefined` for anything that is not exactly one. */
export type SignatureDecoder = (text: string) => Buffer | undefined;

/** Bytes of a lower-case hex text of exactly `bytes` bytes, or `undefined`. */
export const parseHex = (text: string, bytes: number): Buffer | undefined =>
  text.length === bytes * 2 && /^[0-9a-f]+$/.test(text) ? Buffer.from(text, 'hex') : undefined;

/** Bytes of a padded, canonical base64 text, or `undefined`. @param bytes - How many there must be; any number without it. */
export function parseBase64(text: string, bytes?: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64');
  if (bytes !== undefined && decoded.length !== bytes) return undefined;
  return decoded.length > 0 && decoded.toString('base64') === text ? decoded : undefined;
}
