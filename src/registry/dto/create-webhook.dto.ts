import type { SignatureScheme } from '../../kernel/signatures/signing-secret.js';
import { SignatureSchemeField, SigningSecretField } from './signing-secret.dto.js';
import { EventsField, UrlField } from './webhook-fields.js';
import { WebhookPolicyDto } from './webhook-policy.dto.js';

export class CreateWebhookDto extends WebhookPolicyDto {
  @UrlField()
  url!: string;

  @EventsField()
  events!: string[];

  @SigningSecretField()
  secret?: string;

  @SignatureSchemeField()
  signatureScheme?: SignatureScheme;
}
