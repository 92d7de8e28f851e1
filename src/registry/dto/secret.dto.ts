// How secrets look from outside. A secret itself is in two answers only: the one that creates a webhook, and the one that
// rotates.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Secret } from '../../kernel/secret.js';
import { schemeOf, SIGNATURE_SCHEMES } from '../../kernel/signatures/signing-secret.js';
import type { SignatureScheme } from '../../kernel/signatures/signing-secret.js';
import { NOT_REPEATED } from '../../platform/idempotency/index.js';
import type { SecretColumns } from '../secret.columns.js';
import type { WebhookSecret } from '../webhook-secret.entity.js';

export const SECRET_EXAMPLE = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';

export class SecretDto {
  @ApiProperty({ format: 'uuid', example: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d' })
  id!: string;

  @ApiProperty({ description: 'Its last characters, to tell it by.', example: '…GKYo=' })
  hint!: string;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: it lives on.', example: null })
  expiresAt!: string | null;

  static of({ id, hint, createdAt, expiresAt }: SecretColumns): SecretDto {
    return { id, hint, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
  }
}

/** A secret that signs what is sent. */
export class SigningSecretDto extends SecretDto {
  @ApiProperty({ enum: SIGNATURE_SCHEMES, enumName: 'SignatureScheme', description: 'How it signs.' })
  signatureScheme!: SignatureScheme;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'What `v1a` signatures are verified with, `whpk_` and base64 of its 32 bytes. Null: the secret is shared.',
    example: null,
  })
  publicKey!: string | null;

  static override of(secret: WebhookSecret): SigningSecretDto {
    const { publicKey } = secret;
    return { ...SecretDto.of(secret), signatureScheme: publicKey === null ? 'hmac' : 'ed25519', publicKey };
  }
}

export class CreatedSecretDto extends SigningSecretDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: `Shown only here, and ${NOT_REPEATED}. Null: it is a private key, and never shown.`,
    example: SECRET_EXAMPLE,
  })
  secret?: string | null;

  static reveal(created: SigningSecretDto, secret: Secret): CreatedSecretDto {
    return { ...created, secret: sharedText(secret) };
  }
}

/** What its holder and we both need; a private key is nobody's business but ours. */
export const sharedText = (secret: Secret): string | null => (schemeOf(secret) === 'hmac' ? secret.reveal() : null);
