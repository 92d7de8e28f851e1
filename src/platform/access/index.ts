export { ApiGuard } from './api.guard.js';
export { Authenticator, bearerOf, bearerToken } from './authenticator.js';
export type { AuthenticationRequest, BearerToken } from './authenticator.js';
export { FailedAttempts } from './failed-attempts.js';
export {
  ApiHostGuards,
  DashboardHostGuards,
  HOST_GUARD_TOKENS,
  hostGuardProviders,
  ReceivingHostGuards,
} from './host-guards.js';
export type { RouteGuards } from './host-guards.js';
export { accessOf, isPrincipal, principalOf } from './principal.js';
export type { PortalView, Principal } from './principal.js';
export { RequestLimits } from './request-limits.js';
export { InsufficientScopeError, judgeRequirement, REQUIREMENT } from './requirement.js';
export { includesScope, SCOPE_MEANINGS, SCOPES } from './scopes.js';
export type { Requirement, Scope } from './scopes.js';
