// How webhooks look from outside. Their first secret is in one answer only, to whoever creates the webhook.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FilterInput } from '../../kernel/event-filter/event-filter.js';
import { formatDuration } from '../../kernel/duration.js';
import type { Secret } from '../../kernel/secret.js';
import { NOT_REPEATED } from '../../platform/idempotency/index.js';
import { GUARANTEES, PAYLOAD_FORMATS } from '../webhook.entity.js';
import type { Guarantee, PayloadFormat, Webhook } from '../webhook.entity.js';
import type { WebhookSecret } from '../webhook-secret.entity.js';
import { AUTHENTICATION_VIEW } from './authentication.dto.js';
import type { AuthenticationView } from './authentication.dto.js';
import { RATE_LIMIT_SCHEMA } from './pace-fields.js';
import type { RateLimit } from './pace-fields.js';
import { SECRET_EXAMPLE, sharedText, SigningSecretDto } from './secret.dto.js';
import { SendingPolicyView, viewOfPolicy } from './sending-policy.dto.js';

const ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';
const TIME = '2026-03-01T12:00:00.000Z';

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
    example: SECRET_EXAMPLE,
  })
  secret?: string | null;

  static reveal(created: WebhookDto, secret: Secret): CreatedWebhookDto {
    return { ...created, secret: sharedText(secret) };
  }
}
