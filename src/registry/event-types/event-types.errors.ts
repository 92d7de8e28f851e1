// What the catalogue refuses, of types and of events.
import { ConflictError, InvalidError, NotFoundError, PosthornError } from '../../kernel/errors.js';

export class EventTypeNotFoundError extends NotFoundError {
  constructor() {
    super('event type');
  }
}

export class EventTypeExistsError extends ConflictError {
  constructor() {
    super('event_type_exists', 'There is an event type with this name.');
  }
}

/** The schema is none that events could be judged by; the details say why. */
export class InvalidSchemaError extends InvalidError {
  constructor(problems: readonly string[]) {
    super('invalid_schema', 'The schema is not one of JSON Schema 2020-12 that stands alone.', problems);
  }
}

/** The example does not meet the schema. */
export class InvalidExampleError extends InvalidError {
  constructor(problems: readonly string[]) {
    super('invalid_example', 'The example does not meet the schema.', problems);
  }
}

/** The document is none that could be taken in; the details name each webhook that is wrong. */
export class InvalidImportError extends InvalidError {
  constructor(problems: readonly string[]) {
    super('invalid_import', 'The document cannot be imported; nothing was changed.', problems.slice(0, 50));
  }
}

/** All schemas and examples of a tenant together are too large. */
export class CatalogueTooLargeError extends ConflictError {
  constructor(maxBytes: number) {
    super('catalogue_too_large', `All schemas and examples together may have at most ${maxBytes} bytes.`);
  }
}

/** The data of an event does not meet the schema of its type; the details name each place. */
export class SchemaMismatchError extends PosthornError {
  constructor(problems: readonly string[]) {
    super('unprocessable', 'schema_mismatch', 'The data does not meet the schema of its event type.', problems);
  }
}

/** Judging the data took longer than it may: nobody knows whether it is valid. */
export class SchemaTooCostlyError extends PosthornError {
  constructor() {
    super('unprocessable', 'schema_too_costly', 'The schema of this event type takes too long to judge by.');
  }
}

/** Reading the schemas of the tenant has taken as much time as it may for now. */
export class SchemasTooCostlyError extends PosthornError {
  readonly retryAfterSeconds = 20;

  constructor() {
    super('rate_limited', 'schemas_too_costly', 'The schemas of this tenant take too long to read; try again later.');
  }
}

/** The type is not in the catalogue, and only those are taken. */
export class UnknownEventTypeError extends InvalidError {
  constructor() {
    super('unknown_event_type', 'There is no such event type in the catalogue.');
  }
}
