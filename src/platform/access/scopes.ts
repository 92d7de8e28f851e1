// What a caller may do within its tenant: one list, from which the API, its documentation and the checks derive.

/** Every scope, and what it is for. */
export const SCOPE_MEANINGS = {
  'webhooks:read': 'see webhooks',
  'webhooks:write': 'manage webhooks, their secrets and tests',
  'events:write': 'send events',
  'event-types:read': 'see the catalogue of event types',
  'event-types:write': 'manage the catalogue',
  'deliveries:read': 'see what was sent, to whom, and what became of it',
  'deliveries:write': 'retry, replay, erase payloads',
  'sources:read': 'see sources, what they received and what was refused',
  'sources:write': 'manage sources and their secrets, run handlers again',
  'keys:write': 'see, make and revoke API keys',
  admin: 'all of these and the audit log, within the tenant',
} as const;

/** What a caller may do. A `:write` includes the `:read` of the same noun, and `admin` includes everything. */
export type Scope = keyof typeof SCOPE_MEANINGS;

export const SCOPES = Object.keys(SCOPE_MEANINGS) as readonly Scope[];

/**
 * What a route may ask for. `installation` is above all scopes, and no key of a tenant has it; `caller` is anybody who is
 * known.
 */
export type Requirement = Scope | 'installation' | 'caller';

/** Whether the held scopes include one. */
export const includesScope = (held: readonly Scope[], scope: Scope): boolean =>
  held.includes('admin') ||
  held.includes(scope) ||
  (scope.endsWith(':read') && held.includes(scope.replace(':read', ':write') as Scope));
