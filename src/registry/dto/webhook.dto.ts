// How webhooks and their secrets look from outside. A secret itself is in two answers only: the one that creates the
// webhook, and the one that rotates.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FilterInput } from '../../kernel/event-filter/event-filter.js';
import { formatDuration } from '../../kernel/duration.js';
import type { Secret } from '../../kernel/secret.js';
import { schemeOf, SIGNATURE_SCHEMES } from '../../kernel/signatures/signing-secret.js';
import type { SignatureScheme } from '../../kernel/signatures/signing-secret.js';
import { NOT_REPEATED } from '../../platform/idempotency/index.js';
import { GUARANTEES, PAYLOAD_FORMATS } from '../webhook.entity.js';
import type { Guarantee, PayloadFormat, Webhook } from '../webhook.entity.js';
import type { WebhookSecret } from '../webhook-secret.entity.js';
import { AUTHENTICATION_VIEW } from './authentication.dto.js';
import type { AuthenticationView } from './authentication.dto.js';
import { RATE_LIMIT_SCHEMA } from './pace-fields.js';
import type { RateLimit } from './pace-fields.js';
import { SendingPolicyView, viewOfPolicy } from './sending-policy.dto.js';

const ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';
const TIME = '2026-03-01T12:00:00.000Z';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';

export class SecretDto {
  @ApiProperty({ format: 'uuid', example: ID })
  id!: string;

  @ApiProperty({ description: 'Its last characters, to tell it by.', example: '…GKYo=' })
  hint!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: it lives on.', example: null })
  expiresAt!: string | null;

  static of({
    id,
    hint,
    createdAt,
    expiresAt,
  }: Pick<WebhookSecret, 'id' | 'hint' | 'createdAt' | 'expiresAt'>): SecretDto {
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
    example: SECRET,
  })
  secret?: string | null;

  static reveal(created: SigningSecretDto, secret: Secret): CreatedSecretDto {
    return { ...created, secret: sharedText(secret) };
  }
}

export class WebhookDto extends SendingPolicyView {
  @ApiProperty({ format: 'uuid', example: ID })
  id!: string;

  @ApiProperty({ format: 'uri', example: 'https://shop.example/hooks' })
  url!: string;

  @ApiProperty({ type: [String], example: ['order.completed', 'invoice.*'] })
  events!: string[];

  @ApiProperty({ example: true })
  active!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: '`manual`; `gone`: the receiver answered 410; `failing`: it only failed for too long.',
    example: null,
  })
  disabledReason!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'The shop’s ERP' })
  description!: string | null;

  @ApiProperty({ enum: PAYLOAD_FORMATS, enumName: 'PayloadFormat', description: 'How events are written.' })
  format!: PayloadFormat;

  @ApiProperty({
    type: [String],
    nullable: true,
    description:
      'Names of the custom headers. Null: there are some, and no encryption key of this installation opens them.',
    example: [],
  })
  headers!: string[] | null;

  @ApiProperty(AUTHENTICATION_VIEW)
  authentication!: AuthenticationView | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Requests in flight at most. Null: no limit of its own.',
    example: null,
  })
  maxInFlight!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'How long deliveries are worth sending. Null: for ever.',
    example: null,
  })
  expiresAfter!: string | null;

  @ApiProperty({ enum: GUARANTEES, enumName: 'Guarantee', description: 'How often a request may be sent.' })
  guarantee!: Guarantee;

  @ApiProperty({
    ...RATE_LIMIT_SCHEMA,
    required: [...RATE_LIMIT_SCHEMA.required],
    description: 'Attempts in any so many seconds at most. Null: no limit.',
    example: null,
  })
  rateLimit!: RateLimit | null;

  @ApiProperty({ description: 'Whether deliveries with the same ordering key go one after the other.', example: false })
  ordered!: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Which events of its types it takes. Null: all of them.',
    example: null,
  })
  filter!: FilterInput | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'JSONata that makes what is sent in the place of an event. Null: the event is sent.',
    example: null,
  })
  transformation!: string | null;

  @ApiProperty({ type: [SigningSecretDto], description: 'The live ones, newest first.' })
  secrets!: SigningSecretDto[];

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  updatedAt!: string;

  /** @param opened - What may be shown of what is sealed: of the custom headers the names, `null` where they cannot be opened. */
  static of(
    webhook: Webhook,
    secrets: readonly WebhookSecret[],
    opened: Pick<WebhookDto, 'headers' | 'authentication'>,
  ): WebhookDto {
    return {
      id: webhook.id,
      url: webhook.url,
      events: webhook.patterns,
      active: webhook.active,
      disabledReason: webhook.disabledReason,
      description: webhook.description,
      format: webhook.format,
      headers: opened.headers,
      authentication: opened.authentication,
      maxInFlight: webhook.maxInFlight,
      expiresAfter: webhook.expiresAfterMs === null ? null : formatDuration(webhook.expiresAfterMs),
      guarantee: webhook.guarantee,
      rateLimit:
        webhook.rateLimitMax !== null && webhook.rateLimitSeconds !== null
          ? { max: webhook.rateLimitMax, perSeconds: webhook.rateLimitSeconds }
          : null,
      ordered: webhook.ordered,
      filter: webhook.filter,
      transformation: webhook.transformation,
      ...viewOfPolicy(webhook),
      secrets: secrets.map((secret) => SigningSecretDto.of(secret)),
      createdAt: webhook.createdAt.toISOString(),
      updatedAt: webhook.updatedAt.toISOString(),
    };
  }
}

export class CreatedWebhookDto extends WebhookDto {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description:
      `Signs what is delivered. Shown only here, and ${NOT_REPEATED}; keep it, or rotate for another. ` +
      'Null: it is a private key, and never shown.',
    example: SECRET,
  })
  secret?: string | null;

  static reveal(created: WebhookDto, secret: Secret): CreatedWebhookDto {
    return { ...created, secret: sharedText(secret) };
  }
}

/** What its holder and we both need; a private key is nobody's business but ours. */
const sharedText = (secret: Secret): string | null => (schemeOf(secret) === 'hmac' ? secret.reveal() : null);
