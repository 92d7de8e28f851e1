// How sources look from outside. No answer shows a secret: the sender knows it, and so does whoever set the source up.
import { ApiProperty } from '@nestjs/swagger';
import { silentAfterOf } from '../silent-after.js';
import { PROCESSINGS } from '../source.entity.js';
import type { Processing, Source, SourceAnswer } from '../source.entity.js';
import type { SourceSecret } from '../source-secret.entity.js';
import { DEFAULT_TENANT } from '../tenant-id.js';
import { RATE_LIMIT_SCHEMA } from './pace-fields.js';
import type { RateLimit } from './pace-fields.js';
import { ANSWER_SCHEMA, MASK } from './source-fields.js';
import { SecretDto } from './secret.dto.js';

const TIME = '2026-03-01T12:00:00.000Z';

/** Settings of providers that are secrets by their name. */
const SENSITIVE = /token|secret|password/i;

const Limit = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'integer', nullable: true, description, example: null });

export class SourceDto {
  @ApiProperty({ format: 'uuid', example: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d' })
  id!: string;

  @ApiProperty({ example: 'stripe-eu' })
  name!: string;

  @ApiProperty({ example: 'stripe' })
  provider!: string;

  @ApiProperty({ description: 'Where its sender posts to, below PUBLIC_URL.', example: '/webhooks/stripe-eu' })
  path!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Tokens in it are masked.', example: {} })
  config!: Record<string, unknown>;

  @ApiProperty({ enum: PROCESSINGS, enumName: 'Processing' })
  processing!: Processing;

  @ApiProperty({ example: false })
  relay!: boolean;

  @Limit('Null: the provider’s own.')
  toleranceSeconds!: number | null;

  @Limit('Null: the provider’s own, 1 MiB.')
  maxBodyBytes!: number | null;

  @Limit('Null: 30 s.')
  readTimeoutMs!: number | null;

  @Limit('Null: `IDEMPOTENCY_WINDOW`.')
  idempotencyWindowSeconds!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Null: its silence is not told.', example: null })
  silentAfter!: string | null;

  @ApiProperty({ ...RATE_LIMIT_SCHEMA, required: [...RATE_LIMIT_SCHEMA.required], example: null })
  rateLimit!: RateLimit | null;

  @ApiProperty({ type: [String], nullable: true, example: null })
  allowedIps!: string[] | null;

  @ApiProperty({ ...ANSWER_SCHEMA, example: null })
  answer!: SourceAnswer | null;

  @ApiProperty({ type: [SecretDto], description: 'The live ones, newest first.' })
  secrets!: SecretDto[];

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  updatedAt!: string;

  static of(source: Source, secrets: readonly SourceSecret[]): SourceDto {
    const { tenantId, name, rateLimitMax, rateLimitSeconds } = source;
    return {
      id: source.id,
      name,
      provider: source.provider,
      path: tenantId === DEFAULT_TENANT ? `/webhooks/${name}` : `/webhooks/${tenantId}/${name}`,
      config: masked(source.config),
      processing: source.processing,
      relay: source.relay,
      toleranceSeconds: source.toleranceSeconds,
      maxBodyBytes: source.maxBodyBytes,
      readTimeoutMs: source.readTimeoutMs,
      idempotencyWindowSeconds: source.idempotencyWindowSeconds,
      silentAfter: silentAfterOf(source),
      rateLimit:
        rateLimitMax !== null && rateLimitSeconds !== null ? { max: rateLimitMax, perSeconds: rateLimitSeconds } : null,
      allowedIps: source.allowedIps,
      answer: source.answer,
      secrets: secrets.map((secret) => SecretDto.of(secret)),
      createdAt: source.createdAt.toISOString(),
      updatedAt: source.updatedAt.toISOString(),
    };
  }
}

const masked = (config: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, SENSITIVE.test(name) ? MASK : value]));
