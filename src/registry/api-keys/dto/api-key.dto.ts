// How a key looks from outside. The key itself is in one answer only: the one that makes it.
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Secret } from '../../../kernel/secret.js';
import { SCOPES } from '../../../platform/access/index.js';
import type { Scope } from '../../../platform/access/index.js';
import { NOT_REPEATED } from '../../../platform/idempotency/index.js';
import type { ApiKey } from '../api-key.entity.js';

const TIME = '2026-03-01T12:00:00.000Z';

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid', example: '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d' })
  id!: string;

  @ApiProperty({ example: 'the shop’s backend' })
  name!: string;

  @ApiProperty({ description: 'How the key begins, to tell it by.', example: 'ph_4mPZq1Rw' })
  prefix!: string;

  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true, example: ['events:write'] })
  scopes!: Scope[];

  @ApiProperty({
    description: 'Who made it: `admin`, `key:<id>`, or the subject of a user.',
    example: 'admin',
  })
  createdBy!: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: never.', example: null })
  expiresAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute.', example: TIME })
  lastUsedAt!: string | null;

  static of({ id, name, prefix, scopes, createdBy, createdAt, expiresAt, lastUsedAt }: ApiKey): ApiKeyDto {
    return {
      id,
      name,
      prefix,
      scopes,
      createdBy,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    };
  }
}

export class CreatedApiKeyDto extends ApiKeyDto {
  @ApiPropertyOptional({
    description: `Sent as \`Authorization: Bearer <key>\`. Shown only here, and ${NOT_REPEATED}.`,
    example: 'ph_<49 letters and digits>',
  })
  key?: string;

  static reveal(created: ApiKeyDto, key: Secret): CreatedApiKeyDto {
    return { ...created, key: key.reveal() };
  }
}
