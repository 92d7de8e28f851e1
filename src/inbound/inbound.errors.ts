// What receiving refuses: of senders before the ledger is asked (what comes after it is an outcome, not an error), and of those
// who look at what came in.
import { ConflictError, InvalidError, NotFoundError, PosthornError } from '../kernel/errors.js';

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

/** It was kept for people to look at: no handler can be given it. */
export class EventRejectedError extends ConflictError {
  constructor() {
    super('event_rejected', 'The event was rejected: its body is not JSON.');
  }
}

/** A handler must not run beside itself. */
export class EventInProgressError extends ConflictError {
  constructor() {
    super('in_progress', 'Handlers of the event are running.');
  }
}

/** One transaction makes all runs of a replay due, or none. */
export class TooManyEventsError extends InvalidError {
  constructor(limit: number) {
    super('too_many_events', `A replay is about at most ${limit} events: ask for less time, one source or one type.`);
  }
}
