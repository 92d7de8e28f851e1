import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { principalOf } from '../access/index.js';

/** The id of the tenant that the request acts for. Only on a controller that `ApiGuard` guards. */
export const CurrentTenant = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principalOf(context.switchToHttp().getRequest<object>());
  // Not a refusal but a mistake of ours: without a guard there would be no tenant to limit the query to.
  if (!principal) throw new Error('@CurrentTenant() was used on a route that ApiGuard does not guard.');
  return principal.tenantId;
});
