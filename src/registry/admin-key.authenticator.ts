// The default way in: one key, the administrator's, which acts for whichever tenant `X-Tenant` names.
import { Inject, Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { Authenticator, bearerToken } from '../platform/access/index.js';
import type { AuthenticationRequest, Principal } from '../platform/access/index.js';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { TenantNotFoundError, UnauthenticatedError } from './registry.errors.js';
import { DEFAULT_TENANT } from './tenant-id.js';
import { TenantsService } from './tenants.service.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

@Injectable()
export class AdminKeyAuthenticator extends Authenticator {
  /** Absent where the installation has no admin key: then nobody gets in. */
  readonly #expected: Buffer | undefined;

  constructor(
    @Inject(SETTINGS_TOKEN) { adminApiKey }: Settings,
    private readonly tenants: TenantsService,
  ) {
    super();
    this.#expected = adminApiKey && digest(adminApiKey.reveal());
  }

  async authenticate({ authorization, tenant = DEFAULT_TENANT }: AuthenticationRequest): Promise<Principal> {
    const token = bearerToken(authorization);
    // Digests are equally long whatever was sent, so the time taken tells nothing about the key, not even its length.
    if (token === undefined || !this.#expected || !timingSafeEqual(digest(token), this.#expected))
      throw new UnauthenticatedError();
    if (!(await this.tenants.exists(tenant))) throw new TenantNotFoundError();
    return { tenantId: tenant, admin: true };
  }
}
