// The way in by a portal link, before any other: also where an application tells its callers apart by itself.
import { isPortalToken } from '../kernel/api-key.js';
import { Authenticator, bearerOf } from '../platform/access/index.js';
import type { AuthenticationRequest, BearerToken, Principal } from '../platform/access/index.js';
import type { PortalSessionsService } from './portal-sessions/portal-sessions.service.js';
import { TenantNotFoundError, UnauthenticatedError } from './registry.errors.js';

export class PortalAuthenticator extends Authenticator {
  constructor(
    private readonly others: Authenticator,
    private readonly sessions: Pick<PortalSessionsService, 'recognise'>,
  ) {
    super();
  }

  authenticate(request: AuthenticationRequest): Promise<Principal> {
    const bearer = bearerOf(request.request, request.authorization);
    return bearer && isPortalToken(bearer.token)
      ? this.withToken(bearer, request.tenant)
      : this.others.authenticate(request);
  }

  private async withToken(bearer: BearerToken, tenant: string | undefined): Promise<Principal> {
    const principal = await this.sessions.recognise(bearer);
    if (!principal) throw new UnauthenticatedError();
    if (tenant !== undefined && tenant !== principal.tenantId) throw new TenantNotFoundError();
    return principal;
  }
}
