import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { accessOf } from '../access/index.js';
import type { Principal } from '../access/index.js';

/**
 * Asks again whether the caller may do this; rejects once it may not. For answers that last: a key may be revoked
 * meanwhile. Only on a controller that `ApiGuard` guards.
 */
export const CurrentAccess = createParamDecorator(
  (_data: unknown, context: ExecutionContext): (() => Promise<Principal>) => {
    const access = accessOf(context.switchToHttp().getRequest<object>());
    if (!access) throw new Error('@CurrentAccess() was used on a route that ApiGuard does not guard.');
    return access;
  },
);
