// The seam where a team puts its own way of telling callers apart; the injection token is the class itself.
import { fingerprintOf } from '../../kernel/api-key.js';
import type { Principal } from './principal.js';

/** What an authenticator may look at. */
export interface AuthenticationRequest {
  /** The `Authorization` header; absent where there is none. */
  readonly authorization?: string;
  /** The `X-Tenant` header; absent where there is none. */
  readonly tenant?: string;
  /** The request as the framework has it (Express, Fastify), with what your own middleware and guards put on it: `user`. */
  readonly request: object;
}

/**
 * Decides who calls the HTTP API, for which tenant, and what it may do. Asked for every request of `/api`, so it must be
 * quick, and may remember for a moment.
 *
 * @example
 * class SessionAuthenticator extends Authenticator {
 *   async authenticate({ request }: AuthenticationRequest): Promise<Principal> {
 *     const { user } = request as { user?: User };
 *     if (!user) throw new UnauthenticatedError();
 *     return { tenantId: user.company, scopes: user.isOwner ? ['admin'] : ['webhooks:read'], subject: `user:${user.id}` };
 *   }
 * }
 */
export abstract class Authenticator {
  /**
   * Who makes this request.
   *
   * @throws PosthornError of kind `unauthenticated` for a caller it does not know, `not_found` for a tenant that does
   * not exist. Neither may tell a stranger anything about tenants: judge the caller first.
   */
  abstract authenticate(request: AuthenticationRequest): Promise<Principal>;
}

/** The token of `Authorization: Bearer <token>` (RFC 6750, 2.1); `undefined` for every other header. */
export const bearerToken = (authorization: string | undefined): string | undefined =>
  /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1];

/** A bearer token, and what it is known by wherever it must not be kept. */
export interface BearerToken {
  readonly token: string;
  readonly fingerprint: Buffer;
}

const BEARER = Symbol('posthorn.bearer');

interface Bearing {
  [BEARER]?: BearerToken;
}

/** The token of a request. Its fingerprint is worked out once: the hash takes longer than most of what lets a request in. */
export function bearerOf(request: object, authorization: string | undefined): BearerToken | undefined {
  const token = bearerToken(authorization);
  if (token === undefined) return undefined;
  const known = (request as Bearing)[BEARER];
  // Another one is asked about than came with the request: whoever wraps an authenticator may put it there.
  if (known && known.token !== token) return { token, fingerprint: fingerprintOf(token) };
  return ((request as Bearing)[BEARER] ??= { token, fingerprint: fingerprintOf(token) });
}
