// What the registry refuses, with the codes that programs rely on.
import type { UrlError } from '../kernel/egress-policy.js';
import { ConflictError, InvalidError, NotFoundError, PosthornError } from '../kernel/errors.js';

const URL_CODES: Record<UrlError, string> = {
  'Invalid URL': 'invalid_url',
  'HTTPS required': 'https_required',
  'URL not allowed': 'url_not_allowed',
};

/** A webhook's URL was refused; the message is the fixed phrase, and says nothing of what a name resolves to. */
export class UrlRefusedError extends InvalidError {
  constructor(error: UrlError) {
    super(URL_CODES[error], error);
  }
}

/** The receiver did not answer its challenge. What it did instead is not told: it might be somebody else's. */
export class OwnershipUnprovenError extends InvalidError {
  constructor() {
    super('ownership_unproven', 'The URL did not answer the challenge that was sent to it.');
  }
}

/** The custom headers of a webhook were refused; the message names the one that is wrong. */
export class InvalidHeadersError extends InvalidError {
  constructor(problem: string) {
    super('invalid_headers', problem);
  }
}

/** How requests of a webhook shall be authenticated was refused; the message says what is wrong. */
export class InvalidAuthenticationError extends InvalidError {
  constructor(problem: string) {
    super('invalid_authentication', problem);
  }
}

/** The filter of a webhook was refused; the details say where it is wrong. */
export class InvalidFilterError extends InvalidError {
  constructor(problems: readonly string[]) {
    super('invalid_filter', 'The filter is not valid.', problems);
  }
}

/** The transformation of a webhook cannot be read; the message says why, and where. */
export class InvalidTransformationError extends InvalidError {
  constructor(problem: string) {
    super('invalid_transformation', `The transformation is not valid: ${problem}`);
  }
}

/** Other expressions of the tenant took all the time for which this one could wait for its turn. It came to nothing. */
export class EvaluatorBusyError extends PosthornError {
  constructor() {
    super(
      'unavailable',
      'evaluator_busy',
      'Other transformations of this tenant take all the time there is; try again.',
    );
  }
}

/** A tenant has as many as it may. */
export class QuotaExceededError extends ConflictError {
  constructor(noun: 'webhooks' | 'sources' | 'event types', limit: number) {
    super('quota_exceeded', `The tenant may have ${limit} ${noun}: delete one, or have the limit raised.`);
  }
}

/** A secret was given that signs by another scheme than the one asked for. */
export class SchemeMismatchError extends InvalidError {
  constructor() {
    super('signature_scheme_mismatch', 'The secret does not sign by this signatureScheme.');
  }
}

/** A retry schedule is longer than rows are kept. */
export class ScheduleTooLongError extends InvalidError {
  constructor() {
    super('retry_schedule_too_long', 'The waits of retrySchedule must add up to less than the retention.');
  }
}

/** Nobody we know asks. */
export class UnauthenticatedError extends PosthornError {
  constructor() {
    super('unauthenticated', 'unauthenticated', 'Send a valid API key as Authorization: Bearer <key>.');
  }
}

export class WebhookNotFoundError extends NotFoundError {
  constructor() {
    super('webhook');
  }
}

export class SecretNotFoundError extends NotFoundError {
  constructor() {
    super('secret');
  }
}

export class TenantNotFoundError extends NotFoundError {
  constructor() {
    super('tenant');
  }
}

/** The tenant that requests without `X-Tenant` act for must be there. */
export class DefaultTenantError extends ConflictError {
  constructor() {
    super('default_tenant', 'The tenant default cannot be deleted.');
  }
}

export class TenantExistsError extends ConflictError {
  constructor() {
    super('tenant_exists', 'There is a tenant with this id, or one that is being erased.');
  }
}

export class ApiKeyNotFoundError extends NotFoundError {
  constructor() {
    super('API key');
  }
}

/** A key was to live longer than the one that makes it: who holds a key for a day would have one for ever. */
export class OutlivesMakerError extends InvalidError {
  constructor() {
    super('outlives_maker', 'A key expires no later than the key that makes it.');
  }
}

/** A key was to expire before it was made. */
export class ExpiredAlreadyError extends InvalidError {
  constructor() {
    super('expired_already', 'expiresAt must be in the future.');
  }
}

export class PortalSessionNotFoundError extends NotFoundError {
  constructor() {
    super('portal session');
  }
}

export class SourceNotFoundError extends NotFoundError {
  constructor() {
    super('source');
  }
}

export class SourceExistsError extends ConflictError {
  constructor() {
    super('source_exists', 'There is a source with this name.');
  }
}

/** The provider of a source is not known here. */
export class UnknownProviderError extends InvalidError {
  constructor() {
    super('unknown_provider', 'There is no provider of this name.');
  }
}

/** The provider of a source cannot work with its secrets or its config; the message says why. */
export class InvalidSourceError extends InvalidError {
  constructor(problem: string) {
    super('invalid_source', problem);
  }
}

export class LastSecretError extends ConflictError {
  constructor() {
    super('last_secret', 'This is the only secret left: rotate first, then retire it.');
  }
}

export class TooManySecretsError extends ConflictError {
  constructor(limit: number) {
    super('too_many_secrets', `There are at most ${limit} live secrets: retire one, or wait until one expires.`);
  }
}

/** The encryption key of a stored secret is not here any more, so nothing can be judged by it. */
export class SecretUnreadableError extends ConflictError {
  constructor(hint: string) {
    super(
      'secret_unreadable',
      `The secret ${hint} cannot be read: none of the encryption keys made it. Add the missing key to ENCRYPTION_KEY, or add a new secret and retire this one.`,
    );
  }
}
