export { ApiGuard } from './api.guard.js';
export { Authenticator, bearerToken } from './authenticator.js';
export type { AuthenticationRequest } from './authenticator.js';
export { FailedAttempts, TooManyAttemptsError } from './failed-attempts.js';
export { accessOf, isPrincipal, principalOf } from './principal.js';
export type { Principal } from './principal.js';
export { InsufficientScopeError, REQUIREMENT } from './requirement.js';
export { includesScope, SCOPE_MEANINGS, SCOPES } from './scopes.js';
export type { Requirement, Scope } from './scopes.js';
