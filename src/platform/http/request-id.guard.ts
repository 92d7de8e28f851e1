import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { requestIdOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './exchange.js';

/**
 * Puts `X-Request-Id` on our answers in a host too, where the server's own middleware is not there to do it. It lets
 * everybody in; a guard, because one interceptor alone has each request go through Observables.
 */
@Injectable()
export class RequestIdGuard implements CanActivate {
  canActivate(context: ExecutionContext): true {
    const http = context.switchToHttp();
    http.getResponse<HttpResponse>().header('X-Request-Id', requestIdOf(http.getRequest<HttpRequest>()));
    return true;
  }
}
