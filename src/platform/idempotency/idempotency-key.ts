// What may be an idempotency key, through whichever door it comes.
import { InvalidError } from '../../kernel/errors.js';

const MAX_KEY_LENGTH = 255;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** The idempotency key is empty, too long, or holds characters that no store takes. */
class InvalidIdempotencyKeyError extends InvalidError {
  constructor() {
    super('invalid_idempotency_key', 'An idempotency key is 1 to 255 printable ASCII characters.');
  }
}

/** @throws InvalidIdempotencyKeyError */
export function checkIdempotencyKey(key: unknown): string | undefined {
  if (key === undefined || key === null) return undefined;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || !PRINTABLE_ASCII.test(key))
    throw new InvalidIdempotencyKeyError();
  return key;
}
