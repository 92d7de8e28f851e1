// For routes that belong to the administrator. Anyone else gets what a route that does not exist would answer.
import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { NotFoundError } from '../../kernel/errors.js';
import { principalOf } from './principal.js';

/** Stands after `ApiGuard`. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (principalOf(context.switchToHttp().getRequest<object>())?.admin) return true;
    throw new NotFoundError('route');
  }
}
