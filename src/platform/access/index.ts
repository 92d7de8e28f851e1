export { AdminGuard } from './admin.guard.js';
export { ApiGuard } from './api.guard.js';
export { Authenticator, bearerToken } from './authenticator.js';
export type { AuthenticationRequest } from './authenticator.js';
export { principalOf } from './principal.js';
export type { Principal } from './principal.js';
