// What a webhook's requests carry so that its receiver lets them in: nothing, a header, a token that is obtained first, or a
// client certificate.
import { Injectable } from '@nestjs/common';
import { basicAuthorization, parseAuthentication } from '../kernel/authentication.js';
import type { Authentication, MutualTlsAuthentication, OAuth2Authentication } from '../kernel/authentication.js';
import type { CustomHeader } from '../kernel/custom-headers.js';
import { SealedSecrets } from '../platform/secrets/index.js';
import { AccessTokens } from './access-tokens.js';
import type { AccessToken, TokenFailure } from './access-tokens.js';
import type { ClaimedDelivery } from './claim.js';
import { OpenedBoxes } from './opened-boxes.js';

export interface Access {
  readonly headers: readonly CustomHeader[];
  /** What the connection presents; the same object for as long as the webhook's credentials are the same. */
  readonly certificate?: MutualTlsAuthentication;
  /** A token from before this request: where it is refused, another may be taken. */
  readonly keptToken?: AccessToken;
  /** No token could be had: nothing is to be sent. */
  readonly failure?: TokenFailure;
}

const NONE: Access = { headers: [] };

type AuthenticatedDelivery = Pick<ClaimedDelivery, 'webhookId' | 'authenticationBox' | 'timeoutMs'>;

@Injectable()
export class EndpointAccess {
  private readonly opened: OpenedBoxes<Authentication>;

  constructor(
    secrets: SealedSecrets,
    private readonly tokens: AccessTokens,
  ) {
    this.opened = new OpenedBoxes(secrets, parseAuthentication);
  }

  /**
   * At hand at once where it was opened before, but for a token that has to be asked for.
   *
   * @throws SecretBoxError when the box cannot be opened, SecretsAwayError when it cannot be opened now.
   */
  of(delivery: AuthenticatedDelivery): Access | Promise<Access> {
    const { webhookId, authenticationBox: box } = delivery;
    if (!box) return NONE;
    const opened = this.opened.of(webhookId, box);
    return opened instanceof Promise
      ? opened.then((authentication) => this.by(authentication, delivery))
      : this.by(opened, delivery);
  }

  private by(
    authentication: Authentication,
    { webhookId, timeoutMs }: AuthenticatedDelivery,
  ): Access | Promise<Access> {
    switch (authentication.type) {
      case 'basic':
        return authorized(basicAuthorization(authentication.username, authentication.password));
      case 'bearer':
        return authorized(`Bearer ${authentication.token}`);
      case 'oauth2':
        return this.byToken(webhookId, authentication, timeoutMs);
      case 'mtls':
        return { headers: [], certificate: authentication };
    }
  }

  /** The receiver refused what it was shown. Whether that may have been for an old token, so that another attempt is due. */
  refused(webhookId: string, { keptToken }: Access): boolean {
    if (keptToken) this.tokens.drop(webhookId, keptToken);
    return keptToken !== undefined;
  }

  private async byToken(webhookId: string, authentication: OAuth2Authentication, timeoutMs: number): Promise<Access> {
    const answer = await this.tokens.of(webhookId, authentication, timeoutMs);
    if ('failure' in answer) return { headers: [], failure: answer.failure };
    const { token, wasKept } = answer;
    return { ...authorized(`Bearer ${token.value}`), ...(wasKept && { keptToken: token }) };
  }
}

const authorized = (value: string): Access => ({ headers: [['Authorization', value]] });
