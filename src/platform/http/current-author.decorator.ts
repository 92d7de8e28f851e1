import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { principalOf } from '../access/index.js';
import type { Author } from '../audit/index.js';
import { requestIdOf } from './exchange.js';
import type { HttpRequest } from './exchange.js';

/** Who makes the change that a route is about. Only on a controller that `ApiGuard` guards. */
export const CurrentAuthor = createParamDecorator((_data: unknown, context: ExecutionContext): Author => {
  const request = context.switchToHttp().getRequest<HttpRequest>();
  const principal = principalOf(request);
  // Not a refusal but a mistake of ours: a change would be recorded as nobody's.
  if (!principal) throw new Error('@CurrentAuthor() was used on a route that ApiGuard does not guard.');
  const { tenantId, subject } = principal;
  return { tenantId, actor: subject, requestId: requestIdOf(request), address: request.ip };
});
