// The default way in.
import { Inject, Injectable } from '@nestjs/common';
import { fingerprintOf, isSameFingerprint } from '../kernel/api-key.js';
import { Authenticator, bearerOf } from '../platform/access/index.js';
import type { AuthenticationRequest, BearerToken, Principal } from '../platform/access/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyUses } from './api-keys/key-uses.js';
import { TenantNotFoundError, UnauthenticatedError } from './registry.errors.js';
import { DEFAULT_TENANT } from './tenant-id.js';
import { TenantsService } from './tenants.service.js';

/**
 * Tells callers by their key: the administrator's, which acts for whichever tenant `X-Tenant` names, or an API key, which acts for its
 * own. The default; an {@link Authenticator} of the application may inject it, and ask it for whom it does not know.
 */
@Injectable()
export class KeyAuthenticator extends Authenticator {
  /** Absent where the installation has no admin key. */
  readonly #admin: Buffer | undefined;

  constructor(
    @Inject(SETTINGS_TOKEN) { adminApiKey }: Settings,
    private readonly tenants: TenantsService,
    private readonly keys: ApiKeysService,
    private readonly uses: KeyUses,
  ) {
    super();
    this.#admin = adminApiKey && fingerprintOf(adminApiKey.reveal());
  }

  async authenticate({ authorization, tenant, request }: AuthenticationRequest): Promise<Principal> {
    const bearer = bearerOf(request, authorization);
    if (bearer === undefined) throw new UnauthenticatedError();
    // Fingerprints are equally long whatever was sent, so the time taken tells nothing about the key, not even its length.
    return this.#admin && isSameFingerprint(bearer.fingerprint, this.#admin)
      ? await this.asAdmin(tenant ?? DEFAULT_TENANT)
      : await this.withKey(bearer, tenant);
  }

  private async asAdmin(tenantId: string): Promise<Principal> {
    if (!(await this.tenants.exists(tenantId))) throw new TenantNotFoundError();
    return { tenantId, scopes: ['admin'], subject: 'admin', installation: true };
  }

  private async withKey(bearer: BearerToken, tenant: string | undefined): Promise<Principal> {
    const key = await this.keys.recognise(bearer);
    if (!key) throw new UnauthenticatedError();
    // Whoever names another tenant means it: acting for the key's own instead would change the wrong one.
    if (tenant !== undefined && tenant !== key.tenantId) throw new TenantNotFoundError();
    this.uses.note(key.id);
    return {
      tenantId: key.tenantId,
      scopes: key.scopes,
      subject: `key:${key.id}`,
      expiresAt: key.expiresAt ?? undefined,
    };
  }
}
