// The little we need of a request and an answer: what Express and Fastify have in common, so that our controllers work
// in a host that runs on either.
import type { IncomingHttpHeaders } from 'node:http';
import { newId } from '../../kernel/ids.js';

const REQUEST_ID = Symbol('posthorn.request-id');
const ACCEPTED_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Express and Fastify: `X-Forwarded-Proto` and `X-Forwarded-Host` where the application trusts its proxy. */
  readonly protocol?: string;
  readonly host?: string;
  /** Express and Fastify: the client's address, as a trusted proxy says it. */
  readonly ip?: string;
  /** Express: the URL before any router shortened it. */
  readonly originalUrl?: string;
  /** Express: the route that matched, none for middleware and for unknown paths. */
  readonly route?: { readonly path: string };
  [REQUEST_ID]?: string;
}

export interface HttpResponse {
  readonly headersSent?: boolean;
  /** Fastify's `headersSent`. */
  readonly sent?: boolean;
  readonly statusCode?: number;
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: object): unknown;
}

/**
 * The id of a request: the caller's own `X-Request-Id` where it is harmless in a log, else a new one. The same for
 * the whole request.
 */
export function requestIdOf(request: HttpRequest): string {
  const given = request.headers['x-request-id'];
  return (request[REQUEST_ID] ??= typeof given === 'string' && ACCEPTED_ID.test(given) ? given : newId());
}

/** The path as it came, without its query. */
export const pathOf = (request: HttpRequest): string => (request.originalUrl ?? request.url).split('?', 1)[0] ?? '/';
