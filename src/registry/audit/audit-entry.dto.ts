import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { timeOfId } from '../../kernel/ids.js';
import type { AuditEntry } from '../../platform/audit/index.js';
import { ANY_JSON, IfPresent, Instant, PageQuery } from '../../platform/http/index.js';

const ID = '01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4d';

const Exactly =
  (description: string, example: string): PropertyDecorator =>
  (target, key) => {
    ApiPropertyOptional({ type: String, maxLength: 200, description, example })(target, key);
    IfPresent()(target, key);
    IsString()(target, key);
    MaxLength(200)(target, key);
  };

export class AuditQuery extends PageQuery {
  @Instant('Changed at or after this moment.')
  since?: string;

  @Instant('Changed before this moment.')
  until?: string;

  @Exactly('Who: `admin`, `key:<id>`, or the subject of a user.', 'admin')
  actor?: string;

  @Exactly('What was done.', 'webhook.updated')
  action?: string;

  @Exactly('The id or name of what it was done to.', ID)
  resource?: string;
}

class ChangedFieldDto {
  @ApiProperty({ example: 'active' })
  field!: string;

  @ApiPropertyOptional({ ...ANY_JSON, description: 'Absent where values are not kept.', example: true })
  before?: unknown;

  @ApiPropertyOptional({ ...ANY_JSON, example: false })
  after?: unknown;
}

export class AuditEntryDto {
  @ApiProperty({ format: 'uuid', example: ID })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-03-01T12:00:00.000Z' })
  at!: string;

  @ApiProperty({ example: 'key:01936f2a-7c1e-7c3a-9d5b-3f1f6a2b8c4e' })
  actor!: string;

  @ApiProperty({ example: 'webhook.updated' })
  action!: string;

  @ApiProperty({ description: 'The id or name of what it was done to.', example: ID })
  resource!: string;

  @ApiProperty({ type: [ChangedFieldDto], description: 'Never a secret.' })
  changes!: readonly ChangedFieldDto[];

  @ApiProperty({ description: 'The `X-Request-Id` of the request.', example: ID })
  requestId!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Where it came from.', example: '192.0.2.1' })
  address!: string | null;

  static of({ id, actor, action, resource, changes, requestId, address }: AuditEntry): AuditEntryDto {
    return { id, at: new Date(timeOfId(id)).toISOString(), actor, action, resource, changes, requestId, address };
  }
}
