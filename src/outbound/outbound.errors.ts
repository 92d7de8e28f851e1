import { MAX_DEPTH } from '../kernel/json-depth.js';
import { InvalidError, NotFoundError, PosthornError } from '../kernel/errors.js';

/** The type is not of the grammar, or reserved. */
export class InvalidEventTypeError extends InvalidError {
  constructor(reserved: boolean) {
    super(
      reserved ? 'event_type_reserved' : 'invalid_event_type',
      reserved
        ? 'Event types that begin with posthorn. are reserved.'
        : 'An event type is words of letters, digits, _ and - joined by dots, at most 128 characters.',
    );
  }
}

/** The data is not a JSON object, or nested too deep. */
export class InvalidEventDataError extends InvalidError {
  constructor() {
    super('invalid_event_data', `The data of an event must be a JSON object of at most ${MAX_DEPTH} levels.`);
  }
}

/** The data is larger than MAX_EVENT_SIZE. */
export class EventTooLargeError extends PosthornError {
  constructor(maxBytes: number) {
    super('too_large', 'event_too_large', `The data of an event may have at most ${maxBytes} bytes of JSON.`);
  }
}

/** `deliverAt` is no moment, or one too far ahead. */
export class InvalidDeliverAtError extends InvalidError {
  constructor() {
    super(
      'invalid_deliver_at',
      'deliverAt must be an instant with its zone, such as 2026-11-23T10:00:00Z, less than 30 days and than RETENTION ahead.',
    );
  }
}

/** `expiresAfter` is no duration, or out of its bounds. */
export class InvalidExpiresAfterError extends InvalidError {
  constructor() {
    super('invalid_expires_after', 'expiresAfter must be a duration from 100ms to 14d, such as 10m.');
  }
}

/** The ordering key is empty, too long, or holds other characters. */
export class InvalidOrderingKeyError extends InvalidError {
  constructor() {
    super('invalid_ordering_key', 'An ordering key is 1 to 255 printable ASCII characters.');
  }
}

/** The tags are no list of tags, or too many. */
export class InvalidTagsError extends InvalidError {
  constructor() {
    super(
      'invalid_tags',
      'tags must be a list of at most 10 words of letters, digits and _.:/@=+-, each at most 64 characters.',
    );
  }
}

/** The key in the body and the one in the header differ. */
export class IdempotencyKeysDifferError extends InvalidError {
  constructor() {
    super(
      'idempotency_keys_differ',
      'idempotencyKey and the Idempotency-Key header must be equal when both are given.',
    );
  }
}

/** A webhook that the event is narrowed to does not exist. */
export class UnknownWebhookError extends NotFoundError {
  constructor() {
    super('webhook');
  }
}

/** `webhookIds` is not a list of ids. */
export class InvalidWebhookIdsError extends InvalidError {
  constructor() {
    super('invalid_webhook_ids', 'webhookIds must be a list of 1 to 1000 webhook ids.');
  }
}
