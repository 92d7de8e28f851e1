// What a webhook's requests carry so that its receiver lets them in: nothing, a header, a token that is obtained first, or a
// client certificate; and whom they take for the receiver.
import { Injectable } from '@nestjs/common';
import { basicAuthorization, concernsTls, parseAuthentication } from '../../kernel/authentication.js';
import type { Authentication, OAuth2Authentication } from '../../kernel/authentication.js';
import type { CustomHeader } from '../../kernel/custom-headers.js';
import { SealedSecrets } from '../../platform/secrets/index.js';
import { AccessTokens } from './access-tokens.js';
import type { AccessToken, TokenFailure } from './access-tokens.js';
import type { ClaimedDelivery } from '../claim/claimed-delivery.js';
import { OpenedBoxes } from './opened-boxes.js';
import type { EndpointTls } from '../transport/transport.js';

export interface Access {
  readonly headers: readonly CustomHeader[];
  /** What its TLS is by, where that is its own; the same object for as long as the webhook's credentials are the same. */
  readonly ownTls?: EndpointTls;
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
        return access(authentication, basicAuthorization(authentication.username, authentication.password));
      case 'bearer':
        return access(authentication, `Bearer ${authentication.token}`);
      case 'oauth2':
        return this.byToken(webhookId, authentication, timeoutMs);
      case 'mtls':
      case 'tls':
        return access(authentication);
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
    return { ...access(authentication, `Bearer ${token.value}`), ...(wasKept && { keptToken: token }) };
  }
}

const access = (authentication: Authentication, authorization?: string): Access => ({
  headers: authorization === undefined ? [] : [['Authorization', authorization]],
  ...(concernsTls(authentication) && { ownTls: authentication }),
});
