// A request that is repeated with its `Idempotency-Key` gets the first answer before any of our code looks at it again:
// what it asked for may be gone since, or refused by now. Concurrent repeats pass, and meet in the ledger.
import { Injectable, RequestMethod } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { IncomingHttpHeaders } from 'node:http';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { SecretBox } from '../../kernel/secret-box.js';
import { principalOf } from '../access/index.js';
import { checkIdempotencyKey } from './idempotency-key.js';
import { IdempotencyLedger } from './idempotency-ledger.js';
import type { IdempotentRequest } from './idempotency-ledger.js';

const REQUEST = Symbol('posthorn.idempotent-request');

interface KeyedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly params?: unknown;
  readonly body?: unknown;
  [REQUEST]?: IdempotentRequest;
}

@Injectable()
export class OncePerKeyInterceptor implements NestInterceptor {
  constructor(
    private readonly ledger: IdempotencyLedger,
    private readonly box: SecretBox,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp().getRequest<KeyedRequest>();
    const key = checkIdempotencyKey(http.headers['idempotency-key']);
    const tenantId = principalOf(http)?.tenantId;
    if (key === undefined || tenantId === undefined) return next.handle();
    // The ids in the path decide the answer as much as the body does. Keyed: bodies hold secrets that could be guessed.
    const content = JSON.stringify([http.params ?? {}, http.body ?? {}]);
    const request = { tenantId, scope: routeOf(context), key, hashes: this.box.fingerprints(content) };
    const first = await this.ledger.recall(request);
    if (first) return of(first.answer);
    http[REQUEST] = request;
    return next.handle();
  }
}

/** What the interceptor left for the handler; nothing where the request has no key. */
export const idempotentRequestOf = (request: object): IdempotentRequest | undefined =>
  (request as KeyedRequest)[REQUEST];

/** The route as it is declared: a host's prefix or version does not change what a key belongs to. */
function routeOf(context: ExecutionContext): string {
  const handler = context.getHandler();
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const parts = [context.getClass(), handler].map((part) => String(Reflect.getMetadata(PATH_METADATA, part)));
  return `${method} /${parts.join('/')}`.replace(/\/+$/, '');
}
