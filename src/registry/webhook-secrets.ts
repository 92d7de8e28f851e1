// How the secrets of webhooks are made and sealed: each by the id of its row, so that none can stand in another's place.
import { Injectable } from '@nestjs/common';
import { newId } from '../kernel/ids.js';
import { Secret } from '../kernel/secret.js';
import { newSigningSecret, publicKeyOf, schemeOf } from '../kernel/signatures/signing-secret.js';
import type { SignatureScheme } from '../kernel/signatures/signing-secret.js';
import { SealedSecrets } from '../platform/secrets/index.js';
import { SchemeMismatchError } from './registry.errors.js';
import type { NewWebhookSecret } from './secrets.repository.js';
import type { Webhook } from './webhook.entity.js';

/** The secret that was given, else a new one of the scheme asked for. @throws SchemeMismatchError */
export function signingSecretOf(
  given: string | undefined,
  asked: SignatureScheme | undefined,
  otherwise?: SignatureScheme,
): Secret {
  if (given === undefined) return newSigningSecret(asked ?? otherwise);
  const secret = new Secret(given);
  if (asked !== undefined && schemeOf(secret) !== asked) throw new SchemeMismatchError();
  return secret;
}

@Injectable()
export class WebhookSecrets {
  constructor(private readonly secrets: SealedSecrets) {}

  /** A new row, newer than all made before it. */
  async seal({ id: webhookId, tenantId }: Pick<Webhook, 'id' | 'tenantId'>, secret: Secret): Promise<NewWebhookSecret> {
    const id = newId();
    const ciphertext = await this.secrets.seal(secret.reveal(), id);
    return { id, tenantId, webhookId, ciphertext, hint: secret.hint, publicKey: publicKeyOf(secret) ?? null };
  }
}
