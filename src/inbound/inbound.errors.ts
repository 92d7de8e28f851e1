// What is refused before the ledger is asked; what comes after it is an outcome, not an error.
import { NotFoundError, PosthornError } from '../kernel/errors.js';

/** Whatever was wrong with a signature, the sender hears only this. */
export class InvalidSignatureError extends PosthornError {
  constructor() {
    super('unauthenticated', 'invalid_signature', 'Invalid signature');
  }
}

export class ReceivedEventNotFoundError extends NotFoundError {
  constructor() {
    super('received event');
  }
}
