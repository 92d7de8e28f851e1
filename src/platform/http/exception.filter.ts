// The one place that speaks HTTP about errors. Bound to our controllers only; the server also makes it global.
import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { requestIdOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './exchange.js';
import { refusalOf } from './refusal.js';
import type { Refusal } from './refusal.js';

@Catch()
export class PosthornExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('PosthornHttp');

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const response = host.switchToHttp().getResponse<HttpResponse>();
    const refusal = this.judge(exception, request, response);
    const requestId = requestIdOf(request);
    if (refusal.unexpected) {
      const stack = exception instanceof Error ? exception.stack : String(exception);
      this.logger.error(`Request ${requestId} failed: ${request.method} ${request.route?.path ?? ''}`, stack);
    }
    // An answer under way cannot be changed; a second one would throw here and end the process.
    if (response.headersSent || response.sent) return;
    response.header('X-Request-Id', requestId);
    const challenge = refusal.challenge ?? (refusal.status === 401 ? 'Bearer' : undefined);
    if (challenge !== undefined) response.header('WWW-Authenticate', challenge);
    if (refusal.retryAfterSeconds !== undefined) response.header('Retry-After', String(refusal.retryAfterSeconds));
    response.status(refusal.status).send(this.answer(refusal, requestId, request));
  }

  /** What the error means for this request. */
  protected judge(exception: unknown, _request: HttpRequest, _response: HttpResponse): Refusal {
    return refusalOf(exception);
  }

  /** The body of the answer. */
  protected answer({ error, code, details }: Refusal, requestId: string, _request: HttpRequest): object {
    return details?.length ? { error, code, requestId, details } : { error, code, requestId };
  }
}
