// What an error becomes on the wire: decided by class, kind and code, never by a message. Pure, so that it is one table
// to read and to test.
import { HttpException } from '@nestjs/common';
import { PosthornError } from '../../kernel/errors.js';
import type { ErrorKind } from '../../kernel/errors.js';
import { isCancelled, isDatabaseAway, isUnstorableValue } from './database-errors.js';

/** An error, as the caller may know it. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: readonly string[];
  readonly retryAfterSeconds?: number;
  /** What `WWW-Authenticate` says. */
  readonly challenge?: string;
  /** Not foreseen: to be logged, with its stack. */
  readonly unexpected?: true;
}

const STATUS_OF_KIND: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  unavailable: 503,
};

const CODE_OF_STATUS: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  422: 'unprocessable',
  429: 'rate_limited',
  503: 'unavailable',
};

/** Errors of body-parser (in a host, or in an app made with Nest's own parsers), by their `type`. */
const PARSER_REFUSALS: Record<string, Refusal> = {
  'entity.parse.failed': { status: 400, code: 'malformed_json', error: 'The body is not valid JSON.' },
  'entity.too.large': { status: 413, code: 'payload_too_large', error: 'The body is too large.' },
  'charset.unsupported': { status: 415, code: 'unsupported_media_type', error: 'The charset is not supported.' },
  'encoding.unsupported': { status: 415, code: 'unsupported_media_type', error: 'The encoding is not supported.' },
  'request.aborted': { status: 400, code: 'request_aborted', error: 'The request ended before its body.' },
  'request.size.invalid': { status: 400, code: 'request_aborted', error: 'The body is not as long as declared.' },
};

const UNAVAILABLE_RETRY_SECONDS = 5;
const RATE_LIMITED_RETRY_SECONDS = 1;

const AWAY: Refusal = {
  status: 503,
  code: 'unavailable',
  error: 'The database is not available at the moment.',
  retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS,
};
const TOO_SLOW: Refusal = {
  status: 503,
  code: 'too_slow',
  error: 'The database could not do this in time; ask for less at once, or come again later.',
  retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS,
};
const UNSTORABLE: Refusal = { status: 400, code: 'invalid_value', error: 'A value cannot be stored.' };
const INTERNAL: Refusal = {
  status: 500,
  code: 'internal',
  error: 'Something went wrong on our side.',
  unexpected: true,
};

/** What the caller is told about an error. */
export function refusalOf(exception: unknown): Refusal {
  if (exception instanceof PosthornError) return ofPosthorn(exception);
  if (exception instanceof HttpException) return ofNest(exception);
  const parser = typeOf(exception);
  if (parser) return parser;
  if (isCancelled(exception)) return TOO_SLOW;
  if (isDatabaseAway(exception)) return AWAY;
  if (isUnstorableValue(exception)) return UNSTORABLE;
  return INTERNAL;
}

function ofPosthorn(exception: PosthornError): Refusal {
  const { kind, code, message, details } = exception;
  const status = STATUS_OF_KIND[kind];
  const wait =
    (exception as { retryAfterSeconds?: unknown }).retryAfterSeconds ??
    { 429: RATE_LIMITED_RETRY_SECONDS, 503: UNAVAILABLE_RETRY_SECONDS }[status];
  const { challenge } = exception as { challenge?: unknown };
  return {
    status,
    code,
    error: message,
    details,
    retryAfterSeconds: typeof wait === 'number' ? wait : undefined,
    challenge: typeof challenge === 'string' ? challenge : undefined,
  };
}

/** Thrown by Nest itself, or by a guard, pipe or interceptor of the host: its status stands. */
function ofNest(exception: HttpException): Refusal {
  const status = exception.getStatus();
  if (exception.cause instanceof PosthornError) return ofPosthorn(exception.cause);
  const parser = typeOf(exception.cause);
  if (parser) return parser;
  // Nest makes a BadRequestException of the parser's SyntaxError and of the router's URIError.
  if (status === 400 && exception.cause instanceof SyntaxError)
    return PARSER_REFUSALS['entity.parse.failed'] as Refusal;
  if (status >= 500)
    return status === 503
      ? { ...AWAY, error: 'Not available at the moment.' }
      : { ...INTERNAL, status, code: status === 500 ? 'internal' : `http_${status}` };
  const answer = exception.getResponse();
  const message = typeof answer === 'object' ? (answer as { message?: unknown }).message : answer;
  const details = Array.isArray(message)
    ? message.filter((text): text is string => typeof text === 'string')
    : undefined;
  return {
    status,
    code: CODE_OF_STATUS[status] ?? `http_${status}`,
    error: typeof message === 'string' ? message : exception.message,
    details,
    retryAfterSeconds: status === 429 ? RATE_LIMITED_RETRY_SECONDS : undefined,
  };
}

const typeOf = (error: unknown): Refusal | undefined => {
  const type = typeof error === 'object' && error !== null ? (error as { type?: unknown }).type : undefined;
  return typeof type === 'string' && Object.hasOwn(PARSER_REFUSALS, type) ? PARSER_REFUSALS[type] : undefined;
};
