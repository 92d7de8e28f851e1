// What is refused before the ledger is asked; what comes after it is an outcome, not an error.
import { NotFoundError, PosthornError } from '../kernel/errors.js';

/** Whatever was wrong with a signature, the sender hears only this. */
export class InvalidSignatureError extends PosthornError {
  constructor() {
    super('unauthenticated', 'invalid_signature', 'Invalid signature');
  }
}

/** The source took all that it takes for now. */
export class TooManyRequestsError extends PosthornError {
  constructor(readonly retryAfterSeconds: number) {
    super('rate_limited', 'rate_limited', 'Too many requests');
  }
}

/** There is no room in memory for another body, though it was verified. */
export class NoRoomError extends PosthornError {
  constructor() {
    super('unavailable', 'too_busy', 'Too busy');
  }
}

/** The source is there, but its sender only ever posts. */
export class NoChallengeError extends PosthornError {
  constructor() {
    super('method_not_allowed', 'method_not_allowed', 'Use POST here.');
  }
}

export class ReceivedEventNotFoundError extends NotFoundError {
  constructor() {
    super('received event');
  }
}
