/** The tenant that exists from the start, and that a request without `X-Tenant` acts for. */
export const DEFAULT_TENANT = 'default';

export const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** True for what may name a tenant: it stands in URLs, headers and logs, hence one spelling and a short one. */
export const isTenantId = (text: unknown): text is string => typeof text === 'string' && TENANT_ID.test(text);
