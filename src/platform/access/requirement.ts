// What a route asks of its caller, as data on the route.
import { NotFoundError, PosthornError } from '../../kernel/errors.js';
import type { Principal } from './principal.js';
import { includesScope } from './scopes.js';
import type { Requirement, Scope } from './scopes.js';

/** Where a route keeps its requirement. */
export const REQUIREMENT = 'posthorn:requirement';

/** The caller is known, and lacks a scope. It says nothing about ids: it is decided by the route alone. */
export class InsufficientScopeError extends PosthornError {
  /** RFC 6750, 3.1. */
  readonly challenge: string;

  constructor(readonly scope: Scope) {
    super('forbidden', 'insufficient_scope', `This takes the scope ${scope}, which the caller does not have.`);
    this.challenge = `Bearer error="insufficient_scope", scope="${scope}"`;
  }
}

/**
 * Judges a caller by what the route asks for. A route that asks for nothing is open to the installation alone: forgetting
 * to declare must not open a door.
 *
 * @throws InsufficientScopeError; NotFoundError for a route of the installation, which is not there for anyone else.
 */
export function judgeRequirement({ installation, scopes }: Principal, requirement: Requirement | undefined): void {
  if (installation || requirement === 'caller') return;
  if (requirement === undefined || requirement === 'installation') throw new NotFoundError('route');
  if (!includesScope(scopes, requirement)) throw new InsufficientScopeError(requirement);
}
