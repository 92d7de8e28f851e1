import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { requestIdOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './exchange.js';

/** Puts `X-Request-Id` on our answers in a host too, where the server's own middleware is not there to do it. */
@Injectable()
export class RequestIdInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    http.getResponse<HttpResponse>().header('X-Request-Id', requestIdOf(http.getRequest<HttpRequest>()));
    return next.handle();
  }
}
