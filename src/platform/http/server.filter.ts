// The filter of the whole server: also for paths that no controller has, and for what fails before one is reached.
import { Catch, NotFoundException } from '@nestjs/common';
import { PosthornExceptionFilter } from './exception.filter.js';
import { pathOf } from './exchange.js';
import type { HttpRequest, HttpResponse } from './exchange.js';
import type { Refusal } from './refusal.js';
import type { RouteTable } from './route-table.js';

/** Senders of webhooks get `{ error }` and nothing else, whatever happens. */
const BARE_PATH = /^\/webhooks(?:\/|$)/i;

@Catch()
export class ServerExceptionFilter extends PosthornExceptionFilter {
  constructor(private readonly routes: RouteTable) {
    super();
  }

  protected override judge(exception: unknown, request: HttpRequest, response: HttpResponse): Refusal {
    // Nest throws this where no route answered; Express sets `route` as soon as one matched.
    if (!(exception instanceof NotFoundException) || request.route) return super.judge(exception, request, response);
    const allowed = this.routes.methodsOf(pathOf(request));
    if (allowed.length === 0 || allowed.includes(request.method))
      return { status: 404, code: 'route_not_found', error: 'There is nothing at this address.' };
    response.header('Allow', allowed.join(', '));
    return { status: 405, code: 'method_not_allowed', error: `Use ${allowed.join(', ')} here.` };
  }

  protected override answer(refusal: Refusal, requestId: string, request: HttpRequest): object {
    return BARE_PATH.test(pathOf(request)) ? { error: refusal.error } : super.answer(refusal, requestId, request);
  }
}
