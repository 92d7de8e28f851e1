// Stands between our guard and an application's own authenticator: what that says decides whose rows are read, so it is not
// taken at its word. A mistake there lets nobody in.
import { Authenticator, isPrincipal } from '../platform/access/index.js';
import type { AuthenticationRequest, Principal } from '../platform/access/index.js';
import { TenantNotFoundError } from './registry.errors.js';
import type { TenantsService } from './tenants.service.js';

export class CheckedAuthenticator extends Authenticator {
  constructor(
    private readonly own: Authenticator,
    private readonly tenants: Pick<TenantsService, 'exists'>,
  ) {
    super();
  }

  async authenticate(request: AuthenticationRequest): Promise<Principal> {
    const answer: unknown = await this.own.authenticate(request);
    if (!isPrincipal(answer))
      throw new Error(
        `${this.own.constructor.name}.authenticate() must answer a tenantId, known scopes and a subject.`,
      );
    if (!(await this.tenants.exists(answer.tenantId))) throw new TenantNotFoundError();
    const { tenantId, scopes, subject, installation, expiresAt, portal } = answer;
    return { tenantId, scopes: [...scopes], subject, installation: installation === true, expiresAt, portal };
  }
}
