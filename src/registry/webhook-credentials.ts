// What a webhook is sent with and nobody may see again: its custom headers, and how it authenticates. Judged and sealed when
// it is given, shown as far as it may be.
import { Injectable } from '@nestjs/common';
import {
  factsOfAuthentication,
  parseAuthentication,
  readAuthentication,
  usesAuthorization,
  writeAuthentication,
} from '../kernel/authentication.js';
import { parseCustomHeaders, readCustomHeaders, writeCustomHeaders } from '../kernel/custom-headers.js';
import { EgressPolicy } from '../kernel/egress-policy.js';
import { SecretBoxError } from '../kernel/secret-box.js';
import { judgeUrl } from '../platform/egress/index.js';
import { SealedSecrets } from '../platform/secrets/index.js';
import type { AuthenticationView } from './dto/authentication.dto.js';
import type { WebhookDto } from './dto/webhook.dto.js';
import { InvalidAuthenticationError, InvalidHeadersError } from './registry.errors.js';
import type { Webhook } from './webhook.entity.js';
import type { WebhookChange } from './webhooks.repository.js';

/** As a client gives them; what is absent stays as it is, null takes it away. */
interface GivenCredentials {
  readonly headers: unknown;
  readonly authentication: unknown;
}

/** As they are shown: names, and what is no secret. */
interface ShownCredentials {
  /** Null: no key of this installation opens them. */
  readonly headers: string[] | null;
  readonly authentication: AuthenticationView | null;
}

@Injectable()
export class WebhookCredentials {
  constructor(
    private readonly egress: EgressPolicy,
    private readonly secrets: SealedSecrets,
  ) {}

  /** The columns of what was given. @throws InvalidHeadersError, InvalidAuthenticationError */
  async seal(
    webhookId: string,
    { headers, authentication }: GivenCredentials,
  ): Promise<Pick<WebhookChange, 'headers' | 'authentication'>> {
    return {
      ...(headers !== undefined && { headers: await this.sealHeaders(webhookId, headers) }),
      ...(authentication !== undefined && { authentication: await this.sealAuthentication(webhookId, authentication) }),
    };
  }

  /** A key that was lost must not hide the webhook: it is by looking at it, and setting these anew, that this is mended. */
  async shownOf({ id, headers, authentication }: Webhook): Promise<ShownCredentials> {
    return {
      headers: headers ? await this.opened(headers, id, namesOf, null) : [],
      authentication: authentication ? await this.opened(authentication, id, kindOf, { type: 'unreadable' }) : null,
    };
  }

  /** The whole map replaces the one before. */
  private async sealHeaders(webhookId: string, input: unknown): Promise<Buffer | null> {
    const headers = input === null ? [] : readCustomHeaders(input);
    if (typeof headers === 'string') throw new InvalidHeadersError(headers);
    return headers.length === 0 ? null : this.secrets.seal(writeCustomHeaders(headers), webhookId);
  }

  private async sealAuthentication(webhookId: string, input: unknown): Promise<Buffer | null> {
    if (input === null) return null;
    const read = readAuthentication(input);
    if (typeof read === 'string') throw new InvalidAuthenticationError(read);
    if (read.type === 'oauth2') {
      const verdict = await judgeUrl(this.egress, read.tokenUrl);
      if (!verdict.ok) throw new InvalidAuthenticationError(`authentication.tokenUrl is refused: ${verdict.error}.`);
    }
    return this.secrets.seal(writeAuthentication(read), webhookId);
  }

  private async opened<Shown>(
    box: Buffer,
    owner: string,
    shown: (text: string) => Shown,
    unreadable: NoInfer<Shown> | null,
  ): Promise<Shown | null> {
    try {
      return shown(await this.secrets.open(box, owner));
    } catch (error) {
      if (error instanceof SecretBoxError) return unreadable;
      throw error;
    }
  }
}

const namesOf = (text: string): string[] => parseCustomHeaders(text).map(([name]) => name);
const kindOf = (text: string): AuthenticationView => factsOfAuthentication(parseAuthentication(text));

/** What can only be judged of the webhook as a whole, whichever part of it was changed. @throws InvalidAuthenticationError */
export function refuseContradictions({ url, headers, authentication }: WebhookDto): void {
  if (authentication === null || authentication.type === 'unreadable') return;
  if (usesAuthorization(authentication.type) && headers?.some((name) => name.toLowerCase() === 'authorization'))
    throw new InvalidAuthenticationError(
      'authentication makes the Authorization header itself: take it out of headers, or set authentication to null.',
    );
  if (url.startsWith('https:')) return;
  if (authentication.type === 'mtls')
    throw new InvalidAuthenticationError('authentication of type mtls needs an https URL.');
  if (authentication.authority !== undefined)
    throw new InvalidAuthenticationError('authentication.ca needs an https URL.');
}
