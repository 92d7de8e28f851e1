// What a client may say of the secret that a webhook signs with, when it is made and when it changes.
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { parseDuration } from '../../kernel/duration.js';
import { isSigningSecret, SIGNATURE_SCHEMES } from '../../kernel/signatures/signing-secret.js';
import type { SignatureScheme } from '../../kernel/signatures/signing-secret.js';
import { IfPresent } from '../../platform/http/index.js';
import { Rule } from './rule.decorator.js';

const MAX_OVERLAP_MS = 604_800_000;

/** How long the secrets before a new one sign along. */
export const DEFAULT_OVERLAP = '24h';

const isOverlap = (value: unknown): boolean => {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms !== undefined && ms <= MAX_OVERLAP_MS;
};

/** The documented example of a scheme is what a client that fills in all examples sends: it has to go with the secret's. */
export const SignatureSchemeField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      enum: SIGNATURE_SCHEMES,
      enumName: 'SignatureScheme',
      description:
        '`hmac`: receivers hold the same secret. `ed25519`: they hold a public key, and can sign nothing. Without it, as ' +
        'the secret says, else as the newest one, else `hmac`.',
      example: 'hmac',
    }),
    IfPresent(),
    IsIn(SIGNATURE_SCHEMES),
  );

export const SigningSecretField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      description:
        'A secret that receivers already have; without it, a new one is made. `whsec_` and base64 of 24 to 64 bytes, `whsk_` and ' +
        'base64 of an Ed25519 private key (32 bytes, or 64 with its public half), or 24 to 256 printable ASCII characters.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    }),
    IfPresent(),
    Rule(
      'isSigningSecret',
      'must be whsec_ and base64 of 24 to 64 bytes, whsk_ and base64 of an Ed25519 private key, or 24 to 256 printable ASCII characters',
      (value) => typeof value === 'string' && isSigningSecret(value),
    ),
  );

export class RotateSecretDto {
  @SigningSecretField()
  secret?: string;

  @SignatureSchemeField()
  signatureScheme?: SignatureScheme;

  @ApiPropertyOptional({
    type: String,
    default: DEFAULT_OVERLAP,
    description: 'How long the others sign along: 0s to 7d. An earlier end of theirs stands.',
    example: DEFAULT_OVERLAP,
  })
  @IfPresent()
  @Rule('isOverlap', 'must be a duration from 0s to 7d, such as 24h', isOverlap)
  expireOthersAfter?: string;
}
