import { Injectable } from '@nestjs/common';
import { Authenticator, KeyAuthenticator, UnauthenticatedError } from 'posthorn';
import type { AuthenticationRequest, Principal } from 'posthorn';

/** Programs by their API key; people as the shop's gateway, which strips this header from what comes in, says. */
@Injectable()
export class StaffAuthenticator extends Authenticator {
  constructor(private readonly keys: KeyAuthenticator) {
    super();
  }

  async authenticate(asked: AuthenticationRequest): Promise<Principal> {
    if (asked.authorization !== undefined) return this.keys.authenticate(asked);
    const { headers } = asked.request as { headers: Record<string, string | undefined> };
    const name = headers['x-staff'];
    if (!name) throw new UnauthenticatedError();
    return { tenantId: 'default', scopes: ['webhooks:read', 'deliveries:read'], subject: `staff:${name}` };
  }
}
