import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { principalOf } from '../access/index.js';
import type { Principal } from '../access/index.js';

/** For whom the request acts. Only on a controller that `ApiGuard` guards. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const principal = principalOf(context.switchToHttp().getRequest<object>());
  // Not a refusal but a mistake of ours: without a guard there would be no tenant to limit the query to.
  if (!principal) throw new Error('@CurrentPrincipal() was used on a route that ApiGuard does not guard.');
  return principal;
});
