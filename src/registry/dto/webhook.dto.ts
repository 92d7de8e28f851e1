// How webhooks and their secrets look from outside. A secret itself is in two answers only: the one that creates the
// webhook, and the one that rotates.
import { ApiProperty } from '@nestjs/swagger';
import { formatDuration } from '../../kernel/duration.js';
import type { Secret } from '../../kernel/secret.js';
import { GUARANTEES, PAYLOAD_FORMATS } from '../webhook.entity.js';
import type { Guarantee, PayloadFormat, Webhook } from '../webhook.entity.js';
import type { WebhookSecret } from '../webhook-secret.entity.js';
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

export class CreatedSecretDto extends SecretDto {
  @ApiProperty({ description: 'Shown only here.', example: SECRET })
  secret!: string;

  static reveal(created: SecretDto, secret: Secret): CreatedSecretDto {
    return { ...created, secret: secret.reveal() };
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

  @ApiProperty({ type: [SecretDto], description: 'The live ones, newest first.' })
  secrets!: SecretDto[];

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  updatedAt!: string;

  /** @param headers - Names of the custom headers; `null` where they cannot be opened. */
  static of(webhook: Webhook, secrets: readonly WebhookSecret[], headers: string[] | null): WebhookDto {
    return {
      id: webhook.id,
      url: webhook.url,
      events: webhook.patterns,
      active: webhook.active,
      disabledReason: webhook.disabledReason,
      description: webhook.description,
      format: webhook.format,
      headers,
      maxInFlight: webhook.maxInFlight,
      expiresAfter: webhook.expiresAfterMs === null ? null : formatDuration(webhook.expiresAfterMs),
      guarantee: webhook.guarantee,
      rateLimit:
        webhook.rateLimitMax !== null && webhook.rateLimitSeconds !== null
          ? { max: webhook.rateLimitMax, perSeconds: webhook.rateLimitSeconds }
          : null,
      ordered: webhook.ordered,
      ...viewOfPolicy(webhook),
      secrets: secrets.map((secret) => SecretDto.of(secret)),
      createdAt: webhook.createdAt.toISOString(),
      updatedAt: webhook.updatedAt.toISOString(),
    };
  }
}

export class CreatedWebhookDto extends WebhookDto {
  @ApiProperty({
    description: 'Signs what is delivered. Shown only here; keep it, or rotate for another.',
    example: SECRET,
  })
  secret!: string;

  static reveal(created: WebhookDto, secret: Secret): CreatedWebhookDto {
    return { ...created, secret: secret.reveal() };
  }
}
