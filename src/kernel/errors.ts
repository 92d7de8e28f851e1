// Every refusal we make is one of these: a stable code for programs, a kind that one place turns into an HTTP status,
// and a sentence for people. Nothing decides on the sentence.

/** What sort of refusal an error is; the HTTP edge maps each kind to one status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unprocessable'
  | 'rate_limited'
  | 'unavailable';

/** The base of all errors that Posthorn raises on purpose. */
export class PosthornError extends Error {
  constructor(
    /** What sort of refusal it is. */
    readonly kind: ErrorKind,
    /** Stable for ever, snake_case. */
    readonly code: string,
    message: string,
    /** What exactly is wrong, where there is more than one thing to say. */
    readonly details?: readonly string[],
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** A value that a caller gave is malformed or outside its limits. */
export class InvalidError extends PosthornError {
  constructor(code: string, message: string, details?: readonly string[]) {
    super('invalid', code, message, details);
  }
}

/** A request that does not say what it must: each detail is a sentence about one field. */
export class ValidationFailedError extends InvalidError {
  constructor(details: readonly string[]) {
    super('validation_failed', 'The request is not valid.', details);
  }
}

/** There is no such thing in this tenant; a foreign tenant's thing answers the same. */
export class NotFoundError extends PosthornError {
  constructor(noun: string) {
    super('not_found', `${noun.toLowerCase().replaceAll(' ', '_')}_not_found`, `No such ${noun}.`);
  }
}

/** The state of things forbids it now; the same request may succeed later. */
export class ConflictError extends PosthornError {
  constructor(code: string, message: string) {
    super('conflict', code, message);
  }
}
